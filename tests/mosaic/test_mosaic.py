from smallset.mosaic import MOSAICS, Grid, Mosaic


def test_the_table_holds_mosaics_by_their_defaults():
    assert {"grid": Grid} == MOSAICS
    for mosaic in MOSAICS.values():
        assert isinstance(mosaic(), Mosaic)
        assert mosaic().tiles == 1
