import numpy as np
import pytest

from smallset.selection import Pool
from smallset.selection.select import check_counts, check_left, part_by_part

POOL = Pool(np.array([0, 0, 0, 1, 1]), 2)


def test_the_class_that_lacks_most_is_named_with_what_fits():
    with pytest.raises(ValueError, match=r"4 images of class 1 were .* has 2\. Ask for at most 2"):
        check_counts(POOL, np.array([4, 4]))


@pytest.mark.parametrize("counts", [[0, 0], [-1, 1], [1], [1, 1, 1], []])
def test_counts_that_are_no_budget_are_refused(counts):
    with pytest.raises(ValueError, match=r"Needed 2 counts, none negative and not all 0"):
        check_counts(POOL, np.array(counts, np.int64))


def test_what_every_class_has_passes_and_none_of_a_class_may_be_wanted():
    check_counts(POOL, np.array([3, 2]))
    check_counts(POOL, np.array([0, 2]))


@pytest.mark.parametrize("total", [0, 6])
def test_a_total_that_is_not_there_is_refused(total):
    with pytest.raises(ValueError, match=rf"{total} images were .* are 5\. .* at most 5"):
        part_by_part(lambda *_: POOL.labels, POOL, np.array([total, 0]), balanced=False)


def test_a_choice_is_put_class_after_class_in_its_order():
    mixed = np.array([4, 2, 3, 0])
    found = part_by_part(lambda *_: mixed, POOL, np.array([3, 2]), balanced=False)
    assert found.indices.tolist() == [2, 0, 4, 3]


def test_a_part_is_a_class_that_something_is_wanted_of_or_all_of_them():
    asked = []

    def last(members: np.ndarray, count: int, part: str) -> np.ndarray:
        asked.append((members.tolist(), count, part))
        return members[::-1][:count]

    assert part_by_part(last, POOL, np.array([2, 1]), balanced=True).indices.tolist() == [2, 1, 4]
    assert part_by_part(last, POOL, np.array([0, 1]), balanced=True).indices.tolist() == [4]
    assert part_by_part(last, POOL, np.array([2, 1]), balanced=False).indices.tolist() == [2, 4, 3]
    assert asked == [
        ([0, 1, 2], 2, "class 0"),
        ([3, 4], 1, "class 1"),
        ([3, 4], 1, "class 1"),
        ([0, 1, 2, 3, 4], 3, "all classes"),
    ]


def test_an_option_that_leaves_just_enough_passes():
    check_left(4, 4, option="beta=0.5", part="class 1", of=8)
    said = "beta=0.5 leaves 4 of the 8 images of class 1, but 5 were asked for. Ask for at most 4,"
    with pytest.raises(ValueError, match=said):
        check_left(4, 5, option="beta=0.5", part="class 1", of=8)
