"""Values of images over epochs, among them constants, ties and the shortest that windows fit."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


@st.composite
def windowed(draw: st.DrawFn) -> tuple[np.ndarray, int, np.ndarray]:
    """Give values in 0..1 at epochs of images (t, b), a window that fits, an order of images."""
    window = draw(st.integers(2, 6))
    t, b = draw(st.integers(window, window + 6)), draw(st.integers(1, 5))
    unit = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0])
    values = draw(arrays(np.float32, (t, b), elements=unit, fill=st.just(0.5)))
    return values, window, np.array(draw(st.permutations(range(b))))


def deviation(values: list[float]) -> float:
    """The standard deviation, of n - 1, spelled out."""
    mean = sum(values) / len(values)
    return (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
