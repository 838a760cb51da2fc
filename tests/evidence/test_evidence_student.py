import numpy as np
import pytest
from scipy import special

from smallset.evidence.student import student_quantile

FREEDOM = [*range(1, 300), *np.linspace(1, 2.2, 50), *np.geomspace(1, 1e12, 300)]


@pytest.mark.parametrize("share", [0.8, 0.975])
def test_the_quantile_is_that_of_scipy(share):
    got = [student_quantile(share, float(freedom)) for freedom in FREEDOM]
    assert got == pytest.approx(special.stdtrit(FREEDOM, share), rel=1e-11)


def test_half_of_the_distribution_lies_below_zero():
    assert student_quantile(0.5, 3) == 0
