from statistics import fmean, pstdev

import numpy as np

from smallset.scores.dyn_unc import uncertainty

P = np.random.default_rng(0).random((9, 4)).astype(np.float32)


def test_it_is_the_mean_deviation_over_windows():
    wanted = [fmean(pstdev(P[k : k + 4, b].tolist()) for k in range(6)) for b in range(4)]
    np.testing.assert_allclose(uncertainty(P, 4), wanted, rtol=1e-6)


def test_images_are_scored_each_for_itself():
    order = np.array([2, 0, 3, 1])
    np.testing.assert_array_equal(uncertainty(P[:, order], 4), uncertainty(P, 4)[order])


def test_what_is_always_the_same_is_certain():
    assert uncertainty(np.full((9, 1), 0.3, np.float32), 4)[0] < 1e-7
