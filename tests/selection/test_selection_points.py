import numpy as np
import torch

from smallset.selection import Pool
from smallset.selection.points import among_points, centred, squares


def test_a_choice_among_points_gets_a_copy_of_each_class_and_gives_places_in_it():
    features = np.arange(12, dtype=np.float32).reshape(4, 3)
    asked = []

    def last(points: torch.Tensor, count: int, part: str) -> np.ndarray:
        asked.append((points.tolist(), count, part))
        points.zero_()  # its own to change
        return np.arange(len(points))[-count:]

    pool = Pool(np.array([1, 0, 1, 0]), 2, features=lambda: features)
    assert among_points(last, pool, np.array([1, 2])).indices.tolist() == [3, 0, 2]
    assert asked == [(features[[1, 3]].tolist(), 1, "class 0"),
                     (features[[0, 2]].tolist(), 2, "class 1")]  # fmt: skip
    np.testing.assert_array_equal(features, np.arange(12).reshape(4, 3))


def test_centred_points_have_no_mean_and_keep_their_distances():
    points = centred(torch.tensor([[3.0, 4, 5], [9, 10, 11]]))
    np.testing.assert_array_equal(points.numpy(), [[-3] * 3, [3] * 3])
    np.testing.assert_allclose(squares(points).numpy(), [27, 27], rtol=1e-6)
