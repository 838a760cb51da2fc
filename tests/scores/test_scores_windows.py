from statistics import pstdev

import numpy as np

from smallset.scores.windows import spreads, windowed

SERIES = np.random.default_rng(0).random((7, 3))


def test_every_window_is_given_once_in_order():
    found = windowed(SERIES, 3)
    assert found.shape == (5, 3, 3)
    np.testing.assert_array_equal(found[2, 1], SERIES[2:5, 1])


def test_spreads_are_the_deviations_of_the_population():
    wanted = [[pstdev(SERIES[k : k + 3, b]) for b in range(3)] for k in range(5)]
    np.testing.assert_allclose(spreads(SERIES, 3), wanted)


def test_a_constant_has_no_spread():
    assert not spreads(np.full((5, 2), 0.1, np.float32), 5).any()
