import numpy as np

from smallset.selection.points import centred, points_of, squares


def test_points_are_the_members_rows_and_a_copy():
    features = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.testing.assert_array_equal(points_of(features, np.array([1, 3])), features[[1, 3]])
    points = centred(features, np.array([1, 3]))
    np.testing.assert_array_equal(points.numpy(), [[-3] * 3, [3] * 3])
    np.testing.assert_array_equal(features, np.arange(12).reshape(4, 3))
    np.testing.assert_allclose(squares(points).numpy(), [27, 27], rtol=1e-6)
