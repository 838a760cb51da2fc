import numpy as np
import pytest

from smallset.selection import Pool
from smallset.selection.counts import by_class, check_counts, check_total

POOL = Pool(np.array([0, 0, 0, 1, 1]), 2)


def test_the_class_that_lacks_most_is_named_with_what_fits():
    with pytest.raises(ValueError, match=r"4 images of class 1 were .* has 2\. Ask for at most 2"):
        check_counts(POOL, np.array([4, 4]))


@pytest.mark.parametrize("counts", [[0, 0], [-1, 1], [1], [1, 1, 1], []])
def test_counts_that_are_no_budget_are_refused(counts):
    with pytest.raises(ValueError, match=r"needed are 2 counts, none negative and not all 0"):
        check_counts(POOL, np.array(counts, np.int64))


def test_what_every_class_has_passes_and_none_of_a_class_may_be_wanted():
    check_counts(POOL, np.array([3, 2]))
    check_counts(POOL, np.array([0, 2]))


@pytest.mark.parametrize("total", [0, 6])
def test_a_total_that_is_not_there_is_refused(total):
    with pytest.raises(ValueError, match=rf"{total} images were .* are 5\. .* at most 5"):
        check_total(POOL, np.array([total, 0]))
    assert check_total(POOL, np.array([3, 2])) == 5


def test_a_choice_is_put_class_after_class_in_its_order():
    assert by_class(np.array([4, 2, 3, 0]), POOL).indices.tolist() == [2, 0, 4, 3]
