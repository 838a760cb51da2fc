from smallset.data import scan


def test_scratch_files_hold_their_space_before_they_are_mapped(tmp_path):
    for size in (0, 1, 1 << 16, 200_001):
        scan._reserve(tmp_path / "column", size)
        assert (tmp_path / "column").read_bytes() == bytes(size)
