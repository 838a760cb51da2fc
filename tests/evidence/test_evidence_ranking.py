import math

import pytest

from smallset.evidence import ars, lrs


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
