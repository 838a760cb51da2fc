import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from smallset.evidence import PermutationTest, holm, permutation, permutation_test

SIX = [0.30, 0.31, 0.35, 0.32, 0.29, 0.33]
# A coarse grid, as accuracies of few test images are, makes ties common.
GRID = st.integers(0, 12).map(lambda k: k / 12)


def naive(a: list[float], b: list[float]) -> float:
    pooled, n = a + b, len(a)
    observed = abs(np.mean(a) - np.mean(b))
    far = [
        abs(np.mean([pooled[i] for i in chosen])
            - np.mean([pooled[i] for i in range(len(pooled)) if i not in chosen]))
        >= observed - 1e-9
        for chosen in map(set, combinations(range(len(pooled)), n))
    ]  # fmt: skip
    return sum(far) / len(far)


@settings(deadline=None, max_examples=15)
@given(st.lists(GRID, min_size=6, max_size=6), st.lists(GRID, min_size=6, max_size=7))
def test_p_is_the_share_of_all_splits_that_differ_as_much(a, b):
    found = permutation_test(a, b, seed=0)
    assert found.exact
    assert found.p == pytest.approx(naive(a, b), abs=1e-12)
    assert found.p >= found.smallest


@pytest.mark.parametrize("sizes", [(6, 6), (7, 8), (9, 6)])
def test_an_exact_p_is_that_of_scipy(sizes):
    rng = np.random.default_rng(sizes[1])
    a, b = rng.normal(0.33, 0.02, sizes[0]), rng.normal(0.36, 0.03, sizes[1])
    oracle = stats.permutation_test(
        (a, b), lambda x, y: abs(np.mean(x) - np.mean(y)), n_resamples=np.inf,
        alternative="greater",
    )  # fmt: skip
    assert permutation_test(a, b, seed=0).p == pytest.approx(oracle.pvalue)


def test_sides_apart_have_the_smallest_p_there_could_be():
    apart = [x + 1 for x in SIX]
    assert permutation_test(SIX, apart, seed=0) == PermutationTest(2 / 924, 2 / 924, True)
    assert permutation_test(SIX, [*apart, 1.4], seed=0).smallest == 1 / math.comb(13, 6)


def test_ten_against_ten_is_exact():
    found = permutation_test(np.arange(10.0), np.arange(10.0) + 50, seed=0)
    assert found == PermutationTest(2 / 184_756, 2 / 184_756, True)


def test_equal_values_and_equal_means_have_p_one():
    assert permutation_test([0.1] * 6, [0.1] * 7, seed=0).p == 1
    assert permutation_test(SIX, SIX[::-1], seed=0).p == 1


def test_many_replicates_are_split_at_random_by_the_seed_and_p_is_never_zero(monkeypatch):
    a, b = [k / 100 for k in range(8)], [k / 100 + 0.025 for k in range(8)]
    exact = permutation_test(a, b, seed=0).p
    monkeypatch.setattr(permutation, "_MOST_SPLITS", 12_869)  # 8 against 8 are 12,870
    found = permutation_test(a, b, seed=1)
    assert not found.exact
    assert found == permutation_test(a, b, seed=1)
    assert found.p != permutation_test(a, b, seed=2).p
    assert found.p == pytest.approx(exact, abs=4 * math.sqrt(exact / 20_000))
    apart = permutation_test([k / 100 for k in range(11)], [k + 5.0 for k in range(11)], seed=1)
    assert apart == PermutationTest(1 / 20_000, 1 / 20_000, False)


@pytest.mark.parametrize("few", [[], [0.5], SIX[:5]])
def test_fewer_than_six_replicates_have_no_p(few):
    assert permutation_test(few, SIX, seed=0) is None
    assert permutation_test(SIX, few, seed=0) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_an_error_that_names_its_side(bad):
    with pytest.raises(ValueError, match=rf"^b holds {bad}, but .* finite acc.*Leave out the rep"):
        permutation_test(SIX, [*SIX, bad], seed=0)
    with pytest.raises(ValueError, match=r"^a holds"):
        permutation_test([bad], SIX, seed=0)


def test_holm_by_hand():
    # 3 x 0.01; 2 x 0.02; 1 x 0.03 is less than 0.04, and rises to it
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_its_definition_step_by_step(p_values):
    ordered = sorted(p_values)
    k = len(p_values)
    expected = [
        max(min(1, (k - j) * ordered[j]) for j in range(ordered.index(p) + 1)) for p in p_values
    ]
    # equal p-values share the correction of the first of them, which is the largest
    assert holm(p_values) == pytest.approx(expected)
