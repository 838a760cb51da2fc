from statistics import fmean, pstdev

import numpy as np
from scores_toy import toy

from smallset.observers import Observer
from smallset.scores import DUAL
from smallset.scores.dual import both, probability

P = np.random.default_rng(0).random((9, 4)).astype(np.float32)


def test_it_is_the_mean_over_windows_of_uncertainty_times_difficulty():
    wanted = []
    for b in range(4):
        windows = [P[k : k + 4, b].tolist() for k in range(6)]
        wanted.append(fmean(pstdev(w) * (1 - fmean(w)) for w in windows))
    np.testing.assert_allclose(both(P, 4), wanted, rtol=1e-6)


def test_the_largest_is_that_of_an_image_that_is_sure_a_quarter_of_the_time():
    sure = np.array([[right] * 5 + [0.0] * 15 for right in (1.0, 0.9)], np.float32).T
    found = both(sure, 20)
    np.testing.assert_allclose(found[0], 3 * 3**0.5 / 16)
    assert found[1] < found[0] < 0.33


def test_of_equal_spread_the_less_probable_is_harder():
    low = np.array([[0.1], [0.3], [0.1], [0.3]], np.float32)
    assert both(low, 4)[0] > both(low + 0.5, 4)[0]


def test_it_reads_the_first_epochs_of_the_true_classs_probability(tmp_path):
    observed, observer = toy(tmp_path), Observer("resnet8", epochs=4)
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


def test_betas_mean_is_over_the_epochs_and_runs_that_the_score_reads(tmp_path):
    observed, observer = toy(tmp_path), Observer("resnet8", epochs=4)
    found = DUAL(window=2, epochs=2, runs=2, observer=observer).probability(observed)
    runs = [observed.dynamics(observer, run=run) for run in range(2)]
    first = [np.exp(-run.at(epoch)["loss"]) for run in runs for epoch in (1, 2)]
    np.testing.assert_allclose(found, np.mean(first, axis=0), rtol=1e-6)
    every = [np.exp(-runs[0].at(epoch)["loss"]) for epoch in range(1, 5)]
    np.testing.assert_allclose(probability(runs[0]), np.mean(every, axis=0), rtol=1e-6)
