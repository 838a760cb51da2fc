import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_toy import pool_of

from smallset.seeds import generator
from smallset.selection import Easiest, Hardest, Middle, Pool, Random

LABELS = np.arange(60) % 3


def test_the_draw_is_a_permutation_of_each_class_by_its_own_key_whatever_the_scores():
    wanted = [
        generator(7, "random", c).permutation(np.flatnonzero(c == LABELS))[:4] for c in range(3)
    ]
    for values in (None, np.random.default_rng(0).random(60).astype(np.float32)):
        chosen = Random()(Pool(LABELS, 3, values), np.full(3, 4), seed=7).indices
        np.testing.assert_array_equal(chosen, np.concatenate(wanted))


VALUES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=12, max_size=30
).filter(lambda rows: min(np.bincount([c for c, _ in rows], minlength=3)) >= 2)


def naive(values: list[float], labels: list[int], per_class: int, sign: int) -> list[int]:
    chosen = []
    for c in range(max(labels) + 1):
        mine = [i for i in range(len(labels)) if labels[i] == c]
        chosen += sorted(mine, key=lambda i: (sign * values[i], i))[:per_class]
    return chosen


@pytest.mark.parametrize(("select", "sign"), [(Easiest(), 1), (Hardest(), -1)])
@settings(max_examples=100, deadline=None)
@given(rows=VALUES)
def test_the_end_of_the_score_is_taken_and_ties_go_to_the_lower_index(select, sign, rows):
    labels, values = [c for c, _ in rows], [v for _, v in rows]
    pool = Pool(np.array(labels), 3, np.array(values, np.float32))
    found = select(pool, np.full(3, 2), seed=0)
    assert found.indices.tolist() == naive(values, labels, 2, sign)


def test_without_balance_the_end_of_all_is_taken_and_a_class_may_vanish():
    pool = Pool(np.array([0, 1, 0, 1, 2]), 3, np.array([0.1, 0.2, 0.0, 0.3, 0.9], np.float32))
    counts = np.full(3, 1)
    assert Easiest(balanced=False)(pool, counts, seed=0).indices.tolist() == [2, 0, 1]
    assert Hardest(balanced=False)(pool, counts, seed=0).indices.tolist() == [3, 1, 4]


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
    with pytest.raises(
        ValueError, match=r"are not a window of the scores\. .* 0 <= low < high <= 1\."
    ):
        Middle(quantiles)


def test_without_balance_the_window_is_of_all_images():
    pool = pool_of()
    chosen = Middle((0, 0.2), balanced=False)(pool, np.full(3, 4), seed=0).indices
    assert set(chosen) == set(np.argsort(pool.values)[:12])
