"""Windows of a series, one after the other: what the uncertainty scores are made of."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Float64


def windows(series: Float[np.ndarray, "t b"], window: int) -> Iterator[Float64[np.ndarray, "j b"]]:
    """Give every window of `window` moments on end, t - window + 1 of them, a view of one copy."""
    wide = series.astype(np.float64)
    return (wide[start : start + window] for start in range(len(wide) - window + 1))


def spreads(series: Float[np.ndarray, "t b"], window: int) -> Float64[np.ndarray, "k b"]:
    """Give the standard deviation (of the population) in each window."""
    return np.stack([part.std(0) for part in windows(series, window)])


def mean_spread(series: Float[np.ndarray, "t b"], window: int) -> Float64[np.ndarray, " b"]:
    """Give the mean over all windows of the standard deviation (of the population)."""
    mean: Float64[np.ndarray, " b"] = spreads(series, window).mean(0)
    return mean
