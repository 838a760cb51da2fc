from smallset.scores import EL2N, SCORES, Observer, Score


def test_every_score_of_the_table_is_a_score_by_its_defaults():
    for scorer in SCORES.values():
        assert isinstance(scorer(), Score)
        assert isinstance(scorer().observer, Observer)


def test_names_are_lower_case():
    assert SCORES == {"el2n": EL2N}
    assert all(name == name.lower() for name in SCORES)
