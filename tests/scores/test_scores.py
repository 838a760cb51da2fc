from smallset.scores import EL2N, SCORES, File, Observer, Score


def test_every_score_of_the_table_is_a_score_by_its_defaults():
    for scorer in SCORES.values():
        if scorer is File:
            continue
        assert isinstance(scorer(), Score)
        assert isinstance(scorer().observer, Observer)


def test_scores_made_elsewhere_look_through_nothing():
    assert isinstance(File("scores.csv"), Score)
    assert File("scores.csv").observer is None


def test_names_are_lower_case():
    assert {"el2n": EL2N, "file": File}.items() <= SCORES.items()
    assert all(name == name.lower() for name in SCORES)
