import math

import numpy as np
import pytest
from scipy import stats

from smallset.evidence import (
    Rank,
    ars,
    lrs,
    paired_difference,
    ranks,
    replicates_needed,
    welch_difference,
)

LOW, MIDDLE, HIGH = [0.10, 0.11, 0.12], [0.30, 0.36, 0.33], [0.60, 0.61, 0.62]


def test_a_paired_difference_is_that_of_scipy():
    a, b = [0.40, 0.45, 0.41, 0.39], [0.38, 0.42, 0.40, 0.35]
    oracle = stats.ttest_rel(a, b).confidence_interval()
    found = paired_difference(a, b)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))
    assert found.n == 4


def test_pairs_see_through_what_both_sides_share():
    shared = np.array([0.1, 0.5, 0.9])
    paired = paired_difference(shared + 0.02, shared + np.array([0, 0.001, 0]))
    assert paired.low > 0 > welch_difference(shared + 0.02, shared).low


def test_one_pair_has_no_width_and_equal_sides_width_zero():
    assert math.isnan(paired_difference([0.5], [0.25]).half_width)
    assert paired_difference([0.5, 0.5], [0.25, 0.25]).half_width == 0


def test_methods_that_are_told_apart_have_one_place_each():
    assert ranks([MIDDLE, LOW, HIGH]) == [Rank(2, 2), Rank(3, 3), Rank(1, 1)]
    assert [str(r) for r in ranks([LOW, HIGH])] == ["2", "1"]


def test_methods_that_are_not_told_apart_share_their_places():
    between = [0.28, 0.37, 0.36]
    assert ranks([LOW, MIDDLE, between, HIGH]) == [
        Rank(4, 4), Rank(2, 3), Rank(2, 3), Rank(1, 1)]  # fmt: skip
    assert str(Rank(2, 3)) == "2-3"


def test_ranks_count_pairs_as_a_naive_loop_does():
    rng = np.random.default_rng(0)
    groups = [rng.normal(mean, 0.02, 4) for mean in (0.30, 0.31, 0.33, 0.36, 0.36)]
    for own, found in zip(groups, ranks(groups), strict=True):
        above = below = 0
        for other in groups:
            if other is not own:
                interval = stats.ttest_ind(other, own, equal_var=False).confidence_interval(0.95)
                above += interval.low > 0
                below += interval.high < 0
        assert found == Rank(1 + int(above), len(groups) - int(below))


def test_one_run_and_equal_constants_are_told_apart_from_nothing():
    assert ranks([[0.9], LOW, HIGH]) == [Rank(1, 3), Rank(2, 3), Rank(1, 2)]
    assert ranks([[0.5] * 3, [0.5] * 3]) == [Rank(1, 2), Rank(1, 2)]
    assert ranks([[0.5] * 3, [0.6] * 3]) == [Rank(2, 2), Rank(1, 1)]
    assert ranks([[0.5]]) == [Rank(1, 1)]
    assert ranks([]) == []


@pytest.mark.parametrize("gap", [0.01, 0.02, 0.05])
def test_so_many_replicates_have_the_power_that_was_asked_for_and_fewer_have_not(gap):
    a, b = np.array([0.30, 0.33, 0.36]), np.array([0.31, 0.33, 0.35]) + gap
    n = replicates_needed(a, b)

    def reached(n: float) -> float:
        """The power of the two-sided Welch test, by the noncentral t."""
        va, vb = a.var(ddof=1), b.var(ddof=1)
        freedom = (n - 1) * (va + vb) ** 2 / (va**2 + vb**2)
        noncentral = gap / math.sqrt((va + vb) / n)
        return float(stats.nct.sf(stats.t.ppf(0.975, freedom), freedom, noncentral))

    assert reached(n) >= 0.8 - 0.01
    assert reached(n - 1) < 0.8 + 0.01


def test_replicates_needed_by_hand():
    # both deviations 0.02, gap 0.02: (1.96 + 0.8416)^2 x 2 = 15.7 by the normal, 17 by t
    a = [0.30, 0.32, 0.34]
    assert replicates_needed(a, [x + 0.02 for x in a]) == 17


def test_replicates_needed_at_the_edges():
    assert replicates_needed([0.5, 0.5], [0.6, 0.6, 0.6]) == 2
    assert math.isinf(replicates_needed([0.1, 0.3], [0.3, 0.1]))
    assert math.isinf(replicates_needed([0.1 + 0.2, 0.3], [0.3, 0.3]))
    assert math.isnan(replicates_needed([0.5], [0.1, 0.2]))
    with pytest.raises(ValueError, match=r"^b holds nan"):
        replicates_needed([0.1, 0.2], [0.1, math.nan])


@pytest.mark.parametrize(("gap", "gain"), [(0.5, 0.1), (-0.1, -0.2), (0.0, 0.0)])
def test_lrs_is_the_papers_formula(gap, gain):
    a = 0.5 * gain - 0.5 * gap
    naive = (math.e**a - 1 / math.e) / (math.e - 1 / math.e)
    assert lrs(gap, gain) == pytest.approx(naive)


def test_scores_run_from_zero_to_one_and_a_set_like_random_and_the_full_data_has_their_0():
    assert lrs(1, -1) == pytest.approx(0)
    assert lrs(-1, 1) == pytest.approx(1)
    assert lrs(0, 0) == pytest.approx(0.268941, abs=1e-6)
    assert (ars(-1, -1), ars(1, 1)) == (pytest.approx(0), pytest.approx(1))


def test_ars_is_the_papers_formula():
    b = 0.5 * 0.2 + 0.5 * -0.1
    naive = (math.e**b - 1 / math.e) / (math.e - 1 / math.e)
    assert ars(0.2, -0.1) == pytest.approx(naive)
