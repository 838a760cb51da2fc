import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_toy import pool_of

from smallset.selection import CCS, Pool
from smallset.selection.ccs import stratum


def allocated(sizes: list[int], budget: int) -> list[int]:
    """The paper's Algorithm 1: from the stratum with fewest members on, carrying the remainder."""
    given = [0] * len(sizes)
    left = sorted(range(len(sizes)), key=lambda i: sizes[i])
    while left:
        i, share = left[0], budget // len(left)
        given[i] = min(sizes[i], share)
        budget, left = budget - given[i], left[1:]
    return given


def naive_strata(values: list[float], strata: int) -> list[int]:
    """The stratum whose edges hold a value, by going through them."""
    low, step = min(values), (max(values) - min(values)) / strata
    return [max([i for i in range(strata) if v >= low + i * step] or [0]) if step else 0
            for v in values]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    of=st.lists(st.integers(0, 8), min_size=1, max_size=40),
    strata=st.sampled_from([1, 2, 4, 8]),
    seed=st.integers(0, 9),
)
def test_every_budget_is_given_to_the_strata_as_the_algorithm_says(of, strata, seed):
    values = np.array(of, np.float32)
    placed = naive_strata([float(v) for v in of], strata)
    assert stratum(values, strata).tolist() == placed
    sizes = [placed.count(i) for i in range(strata)]
    pool = Pool(np.zeros(len(of), np.int64), 1, values)
    for budget in range(1, len(of) + 1):
        chosen = CCS(beta=0, strata=strata)(pool, np.array([budget]), seed=seed).indices
        assert len(set(chosen.tolist())) == budget
        found = Counter(placed[i] for i in chosen)
        assert [found[i] for i in range(strata)] == allocated(sizes, budget)


@pytest.mark.parametrize(("beta", "keep"), [(0.1, 36), (0.25, 30), (0.5, 20), (0.0125, 39)])
def test_the_hardest_share_is_dropped_halves_up(beta, keep):
    pool = Pool(np.zeros(40, np.int64), 1, np.arange(40, dtype=np.float32))
    chosen = CCS(beta)(pool, np.array([keep]), seed=0).indices
    assert sorted(chosen) == list(range(keep))


def test_strata_span_what_is_left_and_not_what_was_dropped():
    # Were the outlier's range cut, the other nine would share one stratum and any could come.
    pool = Pool(np.zeros(10, np.int64), 1, np.array([*range(9), 1e6], np.float32))
    for seed in range(20):
        chosen = CCS(0.1, strata=3)(pool, np.array([3]), seed=seed).indices
        assert sorted(chosen // 3) == [0, 1, 2]


def test_inside_a_stratum_every_image_is_as_likely():
    values = np.tile(np.array([0, 0, 0, 0, 1, 1], np.float32), 1000)
    pool = Pool(np.repeat(np.arange(1000), 6), 1000, values)  # each class is a draw of its own
    chosen = CCS(0, strata=2)(pool, np.full(1000, 2), seed=0).indices
    counts = np.bincount(chosen % 6) / 1000
    np.testing.assert_allclose(counts, [0.25] * 4 + [0.5] * 2, atol=0.06)


def test_as_in_the_paper_strata_go_over_all_classes():
    pool = pool_of(90)
    counts = np.full(3, 10)
    chosen = CCS(0.3, strata=5, balanced=False)(pool, counts, seed=0).indices
    kept = np.sort(np.argsort(pool.values)[:63])
    of = stratum(pool.values[kept], 5)
    found = np.bincount(of[np.searchsorted(kept, chosen)], minlength=5)
    assert found.tolist() == allocated(np.bincount(of, minlength=5).tolist(), 30)


def test_a_beta_that_leaves_too_little_names_the_class():
    pool = Pool(np.array([0] * 20 + [1] * 10), 2, np.linspace(0, 1, 30, dtype=np.float32))
    said = "ccs's beta=0.3 leaves 7 of the 10 images of class 1, but 8 were asked for."
    with pytest.raises(ValueError, match=re.escape(said)):
        CCS()(pool, np.array([8, 8]), seed=0)


@pytest.mark.parametrize("beta", [-0.1, 1, np.nan])
def test_a_beta_that_is_no_share_is_refused(beta):
    with pytest.raises(ValueError, match=rf"ccs's beta={beta} is not a share to drop. Give 0 <="):
        CCS(beta)


@pytest.mark.parametrize(
    ("strata", "said"), [(0, "small.* at least 1"), (10**12, "large.* at most 1000000")]
)
def test_no_strata_and_strata_that_no_memory_holds_are_refused(strata, said):
    with pytest.raises(ValueError, match=rf"ccs's strata={strata} is too {said}\."):
        CCS(strata=strata)
