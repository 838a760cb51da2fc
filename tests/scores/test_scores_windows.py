import tracemalloc
from collections.abc import Callable
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallset.scores.dual import both
from smallset.scores.tdds import weighed
from smallset.scores.windows import mean_spread, spreads, windows

SERIES = np.random.default_rng(0).random((7, 3))


def test_every_window_is_given_once_in_order():
    found = list(windows(SERIES, 3))
    assert len(found) == 5
    np.testing.assert_array_equal(found[2], SERIES[2:5])


def test_spreads_are_the_deviations_of_the_population():
    wanted = [[pstdev(SERIES[k : k + 3, b]) for b in range(3)] for k in range(5)]
    np.testing.assert_allclose(spreads(SERIES, 3), wanted)


def test_memory_is_a_copy_and_a_number_a_window_not_every_window():
    series = np.zeros((100, 20_000), np.float32)
    tracemalloc.start()
    try:
        spreads(series, 50)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    copy, spread, once_more = 100, 51, 51
    assert peak < 1.5 * (copy + spread + once_more) * 20_000 * 8


def test_a_constant_has_no_spread():
    assert not spreads(np.full((5, 2), 0.1, np.float32), 5).any()


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, int, np.ndarray]:
    """Give values at moments of images, constants and ties among them, a window, an order."""
    window = draw(st.integers(2, 6))
    t, b = draw(st.integers(window, window + 6)), draw(st.integers(1, 5))
    unit = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0])
    values = draw(arrays(np.float32, (t, b), elements=unit, fill=st.just(0.5)))
    return values, window, np.array(draw(st.permutations(range(b))))


def tdds(moves: list[float], window: int) -> float:
    """Weigh windows of J - 1 moves, J epochs, of T: v_k a (1 - a)^(T - J - k), k = 0..T - J."""
    t, j, score = len(moves) + 1, window + 1, 0.0
    for k in range(t - j + 1):
        part = moves[k : k + j - 1]
        v = sum((d - fmean(part)) ** 2 for d in part) ** 0.5
        score += v * 0.9 * 0.1 ** (t - j - k)
    return score


def mean_of(value: Callable[[list[float]], float]) -> Callable[[list[float], int], float]:
    return lambda s, j: fmean(value(s[k : k + j]) for k in range(len(s) - j + 1))


@pytest.mark.parametrize(
    ("formula", "naive"),
    [
        (mean_spread, mean_of(pstdev)),
        (both, mean_of(lambda p: pstdev(p) * (1 - fmean(p)))),
        (lambda moves, window: weighed(moves, window, 0.9), tdds),
    ],
    ids=["dyn-unc and cad-prune", "dual", "tdds"],
)
@given(case=series())
def test_each_formula_is_the_papers_for_each_image_by_itself(formula, naive, case):
    values, window, order = case
    found = formula(values, window)
    wanted = [naive(column.astype(float).tolist(), window) for column in values.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(formula(values[:, order], window), found[order], rtol=1e-12)
