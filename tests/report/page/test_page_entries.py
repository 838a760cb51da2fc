import pytest
from result_toy import changed
from runs_toy import BEST, ONLINE, RANDOM, replicates

from smallset.evidence import welch_difference
from smallset.report.page.entries import class_differences, entries
from smallset.report.sections import sections


def made(*results):
    return entries(sections(results, {}))


BOTH = made(*replicates("random", RANDOM), *replicates("pca", BEST))


def test_entries_are_numbered_over_all_sections_and_know_their_baseline():
    several = made(
        *replicates("random", RANDOM), *replicates("pca", BEST), *replicates("pca", BEST, **ONLINE)
    )
    assert [entry.id for entry in several] == ["row-0", "row-1", "row-2"]
    assert [entry.verdict for entry in several] == ["random", "better", "not compared"]
    assert [entry.section.baseline for entry in several] == [several[0].row] * 2 + [None]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"budget": "keep=0.3"}, "keep 30 %"), ({"ipc": 10}, "ipc 10"),
     ({"ipc": None, "images": 1234}, "1,234 images")],
)  # fmt: skip
def test_a_budget_is_named_as_it_was_recorded(changes, words):
    assert made(*(changed(r, **changes) for r in replicates("pca", BEST)))[0].budget == words


def test_class_differences_are_welch_intervals_of_each_class():
    (ape, first), (bee, second) = class_differences(BOTH[1])
    assert (ape, bee) == ("ape", "bee")
    assert first == welch_difference([v - 0.1 for v in BEST], [v - 0.1 for v in RANDOM])
    assert second.mean == pytest.approx(first.mean)
    assert class_differences(BOTH[0]) == []


def test_commands_make_the_set_with_all_its_options_and_quote_them():
    made_set, trained = BOTH[1].commands.splitlines()
    assert made_set.startswith("smallset compress DATA SET --method 'prune(score=el2n(")
    assert made_set.endswith(
        "--ipc 1 --size 8 --fit squash --codec png --seed 0 --precision float32"
    )
    assert trained.endswith("--protocol small-v1 --labels hard --precision float32")


def test_a_set_from_elsewhere_has_no_command_that_makes_it():
    foreign = made(*(changed(r, codec="as found") for r in replicates("random", RANDOM)))
    assert foreign[0].commands.startswith("smallset evaluate SET")
