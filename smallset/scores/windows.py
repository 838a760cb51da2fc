"""Spreads within windows of a series: what the uncertainty scores are made of."""

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view


def windowed(series: Float[np.ndarray, "t b"], window: int) -> Float[np.ndarray, "k b j"]:
    """Give every window of `window` moments on end, k = t - window + 1 of them; a view."""
    views: Float[np.ndarray, "k b j"] = sliding_window_view(series, window, axis=0)
    return views


def spreads(series: Float[np.ndarray, "t b"], window: int) -> Float[np.ndarray, "k b"]:
    """Give the standard deviation (of the population) in each window."""
    spread: Float[np.ndarray, "k b"] = windowed(series.astype(np.float64), window).std(-1)
    return spread
