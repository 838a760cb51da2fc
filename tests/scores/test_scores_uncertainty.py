import re
import tracemalloc
from collections.abc import Callable
from functools import partial
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scores_toy import toy

from smallset.observers import Observer
from smallset.observers.observed import Observed
from smallset.observers.record import RECORD, Dynamics
from smallset.scores import DUAL, TDDS, CADPrune, DynUnc, Score
from smallset.scores.tdds import weighed
from smallset.scores.uncertainty import both, mean_spread, spreads


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
    """Return values at moments of images, constants and ties among them, a window, an order."""
    window = draw(st.integers(2, 6))
    t, b = draw(st.integers(window, window + 6)), draw(st.integers(1, 5))
    unit = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0])
    values = draw(arrays(np.float32, (t, b), elements=unit, fill=st.just(0.5)))
    return values, window, np.array(draw(st.permutations(range(b))))


def tdds(moves: list[float], window: int, a: float) -> float:
    """Weigh windows of J - 1 moves, J epochs, of T: v_k a (1 - a)^(T - J - k), k = 0..T - J."""
    t, j, score = len(moves) + 1, window + 1, 0.0
    for k in range(t - j + 1):
        part = moves[k : k + j - 1]
        v = sum((d - fmean(part)) ** 2 for d in part) ** 0.5
        score += v * a * (1 - a) ** (t - j - k)
    return score


def mean_of(value: Callable[[list[float]], float]) -> Callable[[list[float], int], float]:
    return lambda s, j: fmean(value(s[k : k + j]) for k in range(len(s) - j + 1))


@pytest.mark.parametrize(
    ("formula", "naive"),
    [
        (mean_spread, mean_of(pstdev)),
        (both, mean_of(lambda p: pstdev(p) * (1 - fmean(p)))),
        (partial(weighed, decay=0.9), partial(tdds, a=0.9)),
        (partial(weighed, decay=1.0), partial(tdds, a=1.0)),
    ],
    ids=["dyn-unc and cad-prune", "dual", "tdds", "tdds, the last window alone"],
)
@given(case=series())
def test_each_formula_is_the_papers_for_each_image_by_itself(formula, naive, case):
    values, window, order = case
    found = formula(values, window)
    wanted = [naive(column.astype(float).tolist(), window) for column in values.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(formula(values[:, order], window), found[order], rtol=1e-12)


SHORT = Observer("resnet8", epochs=4)


def test_it_is_the_mean_deviation_over_windows(work):
    observed = toy(work)
    p = np.exp([-observed.dynamics(SHORT).at(epoch)["loss"] for epoch in range(1, 5)])
    wanted = [fmean(pstdev(p[k : k + 3, b].tolist()) for k in range(2)) for b in range(40)]
    found = DynUnc(window=3, observer=SHORT)(observed)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)


def test_the_largest_is_that_of_an_image_that_is_sure_a_quarter_of_the_time():
    sure = np.array([[right] * 5 + [0.0] * 15 for right in (1.0, 0.9)], np.float32).T
    found = both(sure, 20)
    np.testing.assert_allclose(found[0], 3 * 3**0.5 / 16)
    assert found[1] < found[0] < 0.33


def test_it_reads_the_first_epochs_of_the_true_classs_probability(work):
    observed, observer = toy(work), Observer("resnet8", epochs=4)
    p = np.exp([-observed.dynamics(observer).at(epoch)["loss"] for epoch in range(1, 5)])
    for epochs, read in ((None, 4), (3, 3)):
        wanted = [
            fmean(
                pstdev(w) * (1 - fmean(w))
                for k in range(read - 1)
                for w in [p[k : k + 2, b].tolist()]
            )
            for b in range(40)
        ]
        found = DUAL(window=2, epochs=epochs, observer=observer)(observed)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)


def test_betas_mean_is_over_the_epochs_and_runs_that_the_score_reads(work):
    observed, observer = toy(work), Observer("resnet8", epochs=4)
    score = DUAL(window=2, epochs=2, runs=2, observer=observer)
    found = score.probability(observed)
    whole = Score.probability(score, observed)
    runs = [observed.dynamics(observer, run=run) for run in range(2)]
    first = [np.exp(-run.at(epoch)["loss"]) for run in runs for epoch in (1, 2)]
    np.testing.assert_allclose(found, np.mean(first, axis=0), rtol=1e-6)
    every = [np.exp(-runs[0].at(epoch)["loss"]) for epoch in range(1, 5)]
    np.testing.assert_allclose(whole, np.mean(every, axis=0), rtol=1e-6)


def test_moments_within_an_epoch_count_and_too_few_steps_say_so(tmp_path):
    assert CADPrune().observer == Observer(epochs=1, snapshots=8)
    with pytest.raises(ValueError, match=r"8 snapshots .* 40 images has 1 step .* at most 1"):
        CADPrune(observer=Observer("resnet8", epochs=1, snapshots=8))(toy(tmp_path))


def test_a_window_wider_than_the_epochs_that_are_read_is_refused():
    said = "tdds's window=5 needs 5 moments of its observer, but reads 3. Give "
    with pytest.raises(ValueError, match=re.escape(said)):
        TDDS(epochs=3, window=5)


def test_no_windows_are_refused():
    said = "cad-prune's windows=0 is too small. Give the windows to average, at least 1."
    with pytest.raises(ValueError, match=re.escape(said)):
        CADPrune(windows=0)


@pytest.mark.parametrize(("window", "firsts"), [(6, (1, 2)), (2, (6,))])
def test_it_is_the_mean_deviation_of_the_last_windows_of_moments(
    window, firsts, tmp_path, monkeypatch
):
    """By default, 8 moments of one epoch, and two windows of 6 in the last 7."""
    observed = toy(tmp_path)
    moments = np.zeros((8, 40), RECORD)
    moments["el2n"] = np.random.default_rng(0).random((8, 40))
    monkeypatch.setattr(Observed, "dynamics", lambda *_, run: Dynamics(tuple(moments), 8))
    wanted = [
        fmean(pstdev(moments["el2n"][k : k + window, i].tolist()) for k in firsts)
        for i in range(40)
    ]
    found = CADPrune(window=window, windows=len(firsts))(observed)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
