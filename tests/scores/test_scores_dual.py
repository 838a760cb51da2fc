from statistics import fmean, pstdev

import numpy as np

from smallset.scores.dual import both

P = np.random.default_rng(0).random((9, 4)).astype(np.float32)


def test_it_is_the_mean_over_windows_of_uncertainty_times_difficulty():
    wanted = []
    for b in range(4):
        windows = [P[k : k + 4, b].tolist() for k in range(6)]
        wanted.append(fmean(pstdev(w) * (1 - fmean(w)) for w in windows))
    np.testing.assert_allclose(both(P, 4), wanted, rtol=1e-6)


def test_of_equal_spread_the_less_probable_is_harder():
    low = np.array([[0.1], [0.3], [0.1], [0.3]], np.float32)
    assert both(low, 4)[0] > both(low + 0.5, 4)[0]
