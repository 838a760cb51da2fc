import math

import pytest

from smallset.evidence import ars, hlr, ior, lrs


def test_gaps_are_plain_differences():
    assert hlr(0.9, 0.4) == pytest.approx(0.5)
    assert hlr(0.3, 0.4) == pytest.approx(-0.1)
    assert ior(0.4, 0.3) == pytest.approx(0.1)
    assert ior(0.3, 0.3) == 0


@pytest.mark.parametrize("w", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize(("gap", "gain"), [(0.5, 0.1), (-0.1, -0.2), (0.0, 0.0)])
def test_lrs_is_the_papers_formula(gap, gain, w):
    a = w * gain - (1 - w) * gap
    naive = (math.e**a - 1 / math.e) / (math.e - 1 / math.e)
    assert lrs(gap, gain, w) == pytest.approx(naive)


def test_both_scores_weigh_by_a_half_unless_told():
    assert lrs(0.5, 0.1) == lrs(0.5, 0.1, 0.5) != lrs(0.5, 0.1, 0.4)
    assert ars(0.5, 0.1) == ars(0.5, 0.1, 0.5) != ars(0.5, 0.1, 0.4)


def test_scores_run_from_zero_to_one_and_a_set_like_random_and_the_full_data_has_their_0():
    assert lrs(1, -1) == pytest.approx(0)
    assert lrs(-1, 1) == pytest.approx(1)
    assert lrs(0, 0) == pytest.approx(0.268941, abs=1e-6)
    assert (ars(-1, -1), ars(1, 1)) == (pytest.approx(0), pytest.approx(1))


def test_ars_is_the_papers_formula():
    b = 0.3 * 0.2 + 0.7 * -0.1
    naive = (math.e**b - 1 / math.e) / (math.e - 1 / math.e)
    assert ars(0.2, -0.1, 0.3) == pytest.approx(naive)


@pytest.mark.parametrize("bad", [45.0, -0.1, math.nan])
def test_an_accuracy_that_is_not_a_fraction_is_an_error_that_names_it(bad):
    with pytest.raises(ValueError, match=rf"^full={bad} is not between 0 and 1. Give 0.5 for 50 %"):
        hlr(bad, 0.5)
    with pytest.raises(ValueError, match=rf"^random={bad}"):
        ior(0.5, bad)
    with pytest.raises(ValueError, match=rf"^w={bad}"):
        lrs(0.1, 0.1, bad)


@pytest.mark.parametrize("bad", [12.0, -1.1, math.nan])
def test_a_difference_out_of_range_is_an_error_that_names_it(bad):
    with pytest.raises(ValueError, match=rf"^ior={bad} is not between -1 and 1"):
        lrs(0.1, bad)
    with pytest.raises(ValueError, match=rf"^plain={bad}"):
        ars(0.1, bad)
