import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from smallset.evidence import mean_interval, per_class_intervals, welch_difference, worst_class

ACCURACIES = st.lists(st.floats(0, 1), min_size=2, max_size=12)


@settings(deadline=None, max_examples=50)
@given(ACCURACIES)
def test_mean_interval_is_students_t_as_scipy_stats_gives_it(values):
    got = mean_interval(values)
    mean, std, n = np.mean(values), np.std(values, ddof=1), len(values)
    half = stats.t.ppf(0.975, n - 1) * std / math.sqrt(n)
    assert got.mean == pytest.approx(mean)
    assert got.std == pytest.approx(std, abs=1e-15)
    assert (got.low, got.high) == pytest.approx((mean - half, mean + half))
    assert got.n == n


def test_one_value_has_a_mean_and_no_width():
    got = mean_interval([0.4])
    assert (got.mean, got.n) == (0.4, 1)
    assert all(math.isnan(x) for x in (got.half_width, got.low, got.high, got.std))


def test_no_value_has_no_mean_and_never_raises():
    got = mean_interval([])
    assert got.n == 0
    assert math.isnan(got.mean)
    assert math.isnan(got.half_width)


def test_equal_values_have_width_zero():
    assert mean_interval([0.1] * 10).half_width == 0


@settings(deadline=None, max_examples=50)
@given(ACCURACIES, ACCURACIES)
def test_welch_difference_is_what_scipy_stats_gives(a, b):
    got = welch_difference(np.array(a), np.array(b))
    assert got.mean == pytest.approx(np.mean(a) - np.mean(b), abs=1e-12)
    # scipy itself loses precision where a side hardly varies
    if min(np.var(a), np.var(b)) > 1e-12:
        want = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
        assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=1e-9)


def test_welch_difference_is_the_textbook_formula():
    a, b = [0.40, 0.42, 0.41, 0.45], [0.30, 0.36, 0.33]
    va, vb = np.var(a, ddof=1) / 4, np.var(b, ddof=1) / 3
    freedom = (va + vb) ** 2 / (va**2 / 3 + vb**2 / 2)
    got = welch_difference(a, b)
    assert got.half_width == pytest.approx(stats.t.ppf(0.975, freedom) * math.sqrt(va + vb))
    assert got.n == 3
    assert got.std == pytest.approx(math.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1)))


def test_welch_difference_of_sides_that_do_not_vary_has_width_zero():
    got = welch_difference([0.5, 0.5], [0.25, 0.25, 0.25])
    assert (got.mean, got.half_width) == (0.25, 0.0)


def test_welch_difference_with_one_constant_side_has_the_other_sides_freedom():
    b = [0.30, 0.36, 0.33]
    got = welch_difference([0.5, 0.5], b)
    half = stats.t.ppf(0.975, 2) * np.std(b, ddof=1) / math.sqrt(3)
    assert got.half_width == pytest.approx(half)


@pytest.mark.parametrize(("a", "b"), [([0.5], [0.1, 0.2]), ([0.1, 0.2], [0.5]), ([], [0.1])])
def test_welch_difference_of_too_few_replicates_has_no_width(a, b):
    assert math.isnan(welch_difference(a, b).half_width)


TWO = [(0.2, 0.9, 0.3), (0.4, 0.7, 0.1)]


def test_each_class_has_the_interval_of_its_own_replicates():
    found = per_class_intervals(TWO)
    assert [i.mean for i in found] == pytest.approx([0.3, 0.8, 0.2])
    assert found[1].half_width == pytest.approx(mean_interval([0.9, 0.7]).half_width)


def test_the_worst_class_is_one_class_for_all_replicates():
    # the replicates' own minima, 0.2 and 0.1, are of two classes
    assert worst_class(TWO) == (2, pytest.approx(0.2))


def test_ties_go_to_the_lower_index_and_one_replicate_is_enough():
    assert worst_class([(0.5, 0.1, 0.1)]) == (1, 0.1)


def test_a_class_that_was_not_tested_is_never_the_worst():
    assert worst_class([(math.nan, 0.4, 0.3)])[0] == 2


@pytest.mark.parametrize("bad", [[], [()], [(0.1, 0.2), (0.1,)]])
def test_replicates_of_other_classes_are_not_averaged(bad):
    with pytest.raises(
        ValueError, match=rf"of {len(bad)} replicates with .* Compare results of on"
    ):
        per_class_intervals(bad)
