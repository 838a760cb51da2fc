import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallset.selection import Easiest, Hardest, Pool, Random

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


@pytest.mark.parametrize("select", [Easiest(), Hardest()])
def test_the_seed_changes_nothing(select):
    values, labels = np.random.default_rng(0).random(40).astype(np.float32), np.arange(40) % 4
    one, other = (
        select(Pool(labels, 4, values), np.full(4, 5), seed=seed).indices for seed in (0, 1)
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("select", [Easiest(), Hardest()])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(select, bad):
    values = np.array([0.5, bad, 0.25, bad], np.float32)
    said = (
        "2 scores are not finite (at the positions 1, 3). Selection needs a number for every "
        "image; score again, or mend the file that they are from."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        select(Pool(np.zeros(4, np.int64), 1, values), np.array([2]), seed=0)


@pytest.mark.parametrize("select", [Easiest(), Hardest()])
def test_no_scores_are_refused(select):
    said = "selecting by score needs scores, but none were given. Name one: score=el2n."
    with pytest.raises(ValueError, match=re.escape(said)):
        select(Pool(np.zeros(4, np.int64), 1), np.array([2]), seed=0)


def test_selectors_say_whether_they_need_scores():
    assert Easiest.needs_scores
    assert Hardest.needs_scores
    assert not Random.needs_scores


def test_without_balance_the_end_of_all_is_taken_and_a_class_may_vanish():
    pool = Pool(np.array([0, 1, 0, 1, 2]), 3, np.array([0.1, 0.2, 0.0, 0.3, 0.9], np.float32))
    counts = np.full(3, 1)
    assert Easiest(balanced=False)(pool, counts, seed=0).indices.tolist() == [2, 0, 1]
    assert Hardest(balanced=False)(pool, counts, seed=0).indices.tolist() == [3, 1, 4]


def test_without_balance_more_than_there_is_is_refused():
    pool = Pool(np.array([0, 1]), 2, np.zeros(2, np.float32))
    with pytest.raises(
        ValueError, match=r"4 images were asked for, but there are 2\. .* at most 2"
    ):
        Easiest(balanced=False)(pool, np.full(2, 2), seed=0)
