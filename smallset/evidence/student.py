"""Quantiles of Student's t distribution.

`scipy.special` has them too, and the tests compare with it. Importing it takes 0.2 s of CPU time,
a quarter of a whole report.
"""

import math
from functools import cache

import numpy as np

_PRECISION = 1e-14
"""Newton's last step, as a share of the angle."""
_NODES = 64
"""The least for 1 to 2 degrees of freedom, whose angle is near the root of the cosine."""


@cache
def student_quantile(share: float, freedom: float) -> float:
    """Return the t below which lies a share, in 0.5..0.975, of the distribution.

    `freedom` are the degrees of freedom, at least 1, not necessarily whole. With t = tan(angle) x
    sqrt(freedom), the density is that of cos(angle)^(freedom - 1). Its integral is concave, so that
    Newton's steps from 0 only go up.
    """
    nodes, weights = _gauss_legendre()
    wanted = (share - 0.5) * math.sqrt(math.pi) / _gamma_ratio(freedom / 2)
    angle, step = 0.0, math.inf
    while step > _PRECISION * angle:
        # log1p: a cosine near 1 has lost its last digits.
        sines = np.sin(angle / 2 * (nodes + 1))
        density = np.exp((freedom - 1) / 2 * np.log1p(-(sines**2)))
        area = angle / 2 * float(weights @ density)
        step = (wanted - area) / math.cos(angle) ** (freedom - 1)
        angle += step
    return math.tan(angle) * math.sqrt(freedom)


@cache
def _gauss_legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(_NODES)


def _gamma_ratio(x: float) -> float:
    """Return Gamma(x + 1/2) / Gamma(x)."""
    if x < 128:
        return math.exp(math.lgamma(x + 0.5) - math.lgamma(x))
    # Differences of large logarithms lose their last digits, so take the asymptotic series.
    y = 1 / x
    return math.sqrt(x) * (1 - y / 8 + y**2 / 128 + 5 * y**3 / 1024 - 21 * y**4 / 32768)
