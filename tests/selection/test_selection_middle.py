import math
import re

import numpy as np
import pytest
from selection_toy import pool_of

from smallset.selection import Easiest, Middle, Pool


def ranked(n: int) -> Pool:
    """One class whose scores are its ranks, back to front."""
    return Pool(np.zeros(n, np.int64), 1, np.arange(n, 0, -1).astype(np.float32))


@pytest.mark.parametrize(
    ("quantiles", "ranks"),
    [((0, 0.5), range(0, 5)), ((0.2, 0.4), range(2, 4)), ((0.3, 1), range(3, 10))],
)
def test_the_window_is_by_rank_from_the_easiest(quantiles, ranks):
    chosen = Middle(quantiles)(ranked(10), np.array([len(ranks)]), seed=0).indices
    assert sorted(9 - chosen) == list(ranks)


@pytest.mark.parametrize("n", [7, 10, 30, 31])
@pytest.mark.parametrize("cut", [0.1, 0.25, 1 / 3, 0.5, 0.7])
def test_windows_side_by_side_share_nothing_and_leave_nothing_out(n, cut):
    low = math.floor(cut * n + 0.5)
    one = Middle((0, cut))(ranked(n), np.array([low]), seed=0).indices
    other = Middle((cut, 1))(ranked(n), np.array([n - low]), seed=0).indices
    assert sorted([*one, *other]) == list(range(n))


def test_the_window_from_0_holds_what_easiest_takes_ties_included():
    pool = Pool(np.zeros(8, np.int64), 1, np.array([1, 0, 1, 0, 1, 0, 1, 0], np.float32) / 2)
    chosen = Middle((0, 0.75))(pool, np.array([6]), seed=0).indices
    assert set(chosen) == set(Easiest()(pool, np.array([6]), seed=0).indices)


def test_every_image_of_the_window_is_as_likely():
    values = np.tile(np.arange(12, dtype=np.float32), 1000)
    pool = Pool(np.repeat(np.arange(1000), 12), 1000, values)  # each class is a draw of its own
    chosen = Middle((0.25, 0.75))(pool, np.full(1000, 2), seed=0).indices
    counts = np.bincount(chosen % 12, minlength=12) / 1000
    np.testing.assert_allclose(counts, [0] * 3 + [2 / 6] * 6 + [0] * 3, atol=0.06)


def test_a_window_too_small_names_the_class_and_what_it_holds():
    pool = Pool(np.array([0] * 20 + [1] * 6), 2, np.linspace(0, 1, 26, dtype=np.float32))
    said = (
        "middle's quantiles=(0.25, 0.75) leaves 3 of the 6 images of class 1, but 4 were asked "
        "for. Ask for at most 3, or let the option leave more."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        Middle()(pool, np.array([4, 4]), seed=0)
    with pytest.raises(ValueError, match=r"leaves 14 of the 26 images of all classes, but 15 were"):
        Middle((0.25, 0.8), balanced=False)(pool, np.array([15, 0]), seed=0)


@pytest.mark.parametrize("quantiles", [(0.5, 0.5), (0.75, 0.25), (-0.1, 0.5), (0.5, 1.1)])
def test_quantiles_that_are_no_window_are_refused(quantiles):
    with pytest.raises(ValueError, match=r"quantiles=.* are no window .* 0 <= low < high <= 1\."):
        Middle(quantiles)


def test_without_balance_the_window_is_of_all_images():
    pool = pool_of()
    chosen = Middle((0, 0.2), balanced=False)(pool, np.full(3, 4), seed=0).indices
    assert set(chosen) == set(np.argsort(pool.values)[:12])
