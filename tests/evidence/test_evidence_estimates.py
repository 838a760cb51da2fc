import numpy as np
import pytest
from scipy import stats

from smallset.evidence.estimates import (
    Estimate,
    mean_estimate,
    quantile_estimate,
    share_estimate,
    spearman,
)


def test_a_mean_has_the_interval_of_student_and_a_single_value_has_none():
    values = [0.25, 0.5, 1.0, 0.75]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    found = mean_estimate(values)
    assert (found.value, found.n) == (0.625, 4)
    assert [found.low, found.high] == pytest.approx([low, high])
    assert mean_estimate([2.0]) == Estimate(2.0, None, None, 1)


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (3, 7), (7, 7), (40, 1000)])
def test_a_share_has_the_exact_interval(hits, n):
    wanted = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    found = share_estimate(np.arange(n) < hits)
    assert (found.value, found.n) == (hits / n, n)
    assert [found.low, found.high] == pytest.approx([wanted.low, wanted.high])


@pytest.mark.parametrize("share", [0.25, 0.5, 0.95])
def test_a_quantile_has_the_interval_of_scipy(share):
    values = np.random.default_rng(1).exponential(size=400)
    wanted = stats.quantile_test(values, q=np.quantile(values, share), p=share)
    ends = wanted.confidence_interval(0.95)
    found = quantile_estimate(values, share)
    assert found.value == pytest.approx(np.quantile(values, share))
    assert [found.low, found.high] == pytest.approx([ends.low, ends.high])


def test_a_quantile_near_the_end_of_few_values_has_no_interval():
    assert quantile_estimate([1.0, 2.0, 3.0], 0.95) == Estimate(2.9, None, None, 3)


def test_the_interval_of_a_quantile_covers_it_in_95_percent_of_samples():
    draws = np.random.default_rng(2).exponential(size=(2000, 30))
    found = [quantile_estimate(values, 0.5) for values in draws]
    assert np.mean([f.low <= np.log(2) <= f.high for f in found]) > 0.94


def test_the_rank_correlation_is_that_of_scipy_with_ties_too():
    a, b = [1.0, 2, 2, 3, 5, 5, 9], [2.0, 1, 4, 4, 4, 8, 7]
    found = spearman(a, b, seed=0)
    assert found.value == pytest.approx(stats.spearmanr(a, b).statistic)
    assert found == spearman(a, b, seed=0)
    assert found.low < found.value <= found.high <= 1


def test_the_interval_of_a_rank_correlation_is_near_scipys_bootstrap():
    draw = np.random.default_rng(3).normal(size=(2, 40))
    a, b = draw[0], draw[0] + draw[1]
    wanted = stats.bootstrap(
        (a, b), lambda x, y: stats.spearmanr(x, y).statistic, paired=True, vectorized=False,
        method="percentile", n_resamples=1000, random_state=4,
    ).confidence_interval  # fmt: skip
    found = spearman(a, b, seed=0)
    assert [found.low, found.high] == pytest.approx([wanted.low, wanted.high], abs=0.04)


def test_few_pairs_have_no_interval_and_fewer_no_correlation():
    found = spearman([1, 2, 3], [3, 2, 1], seed=0)
    assert (found.value, found.low, found.high, found.n) == (pytest.approx(-1), None, None, 3)
    for a, b in (([1, 2], [2, 1]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [1, 2])):
        with pytest.raises(ValueError, match=r"values have no rank correlation\. Needed 3 pairs"):
            spearman(a, b, seed=0)
