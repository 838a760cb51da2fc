import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_toy import pool_of, with_features

from smallset.seeds import generator
from smallset.selection import Herding, KCenter, Moderate, Pool
from smallset.selection.geometry import among_points, centred, farthest, squares


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


def herded(features: np.ndarray, count: int) -> list[int]:
    mean = features.mean(0)
    chosen: list[int] = []
    for t in range(count):
        total = sum((features[i] for i in chosen), np.zeros_like(mean))
        left = [i for i in range(len(features)) if i not in chosen]
        chosen.append(min(left, key=lambda i: np.linalg.norm((t + 1) * mean - total - features[i])))
    return chosen


@pytest.mark.parametrize("seed", range(5))
def test_each_step_is_the_formula(seed):
    pool = pool_of(seed=seed)
    chosen = Herding()(pool, np.full(3, 10), seed=0).indices.reshape(3, 10)
    for members, found in zip(pool.members(), chosen, strict=True):
        features = pool.features()[members].astype(np.float64)
        assert found.tolist() == members[herded(features, 10)].tolist()


def test_herdings_ties_go_to_the_lower_index():
    features = np.array([[1], [-1], [1], [-1]], np.float32)
    pool = with_features(Pool(np.zeros(4, np.int64), 1), features)
    assert Herding()(pool, np.array([4]), seed=0).indices.tolist() == [0, 1, 2, 3]


def spread_out(features: np.ndarray, start: int, count: int) -> list[int]:
    chosen = [start]
    while len(chosen) < count:
        left = [i for i in range(len(features)) if i not in chosen]
        chosen.append(
            max(left, key=lambda i: min(np.linalg.norm(features[i] - features[j]) for j in chosen))
        )
    return chosen


@pytest.mark.parametrize("seed", range(5))
def test_each_step_takes_the_farthest_from_all_chosen(seed):
    pool = pool_of(seed=seed)
    chosen = KCenter()(pool, np.full(3, 10), seed=seed).indices.reshape(3, 10)
    for c, (members, found) in enumerate(zip(pool.members(), chosen, strict=True)):
        start = int(generator(seed, "k-center", f"class {c}").integers(len(members)))
        features = pool.features()[members].astype(np.float64)
        assert found.tolist() == members[spread_out(features, start, 10)].tolist()


@pytest.mark.parametrize("start", range(9))
def test_k_centers_ties_go_to_the_lower_index(start):
    points = np.stack(np.meshgrid([-1, 0, 1], [-2, 0, 2]), -1).reshape(9, 2).astype(np.float32)
    assert farthest(torch.from_numpy(points), start, 9).tolist() == spread_out(points, start, 9)


def moderate(features: np.ndarray, count: int) -> list[int]:
    distances = [np.linalg.norm(row - np.median(features, axis=0)) for row in features]
    usual = np.median(distances)
    return sorted(range(len(features)), key=lambda i: abs(distances[i] - usual))[:count]


@pytest.mark.parametrize("seed", range(5))
def test_the_distances_nearest_to_the_median_distance_come_first(seed):
    pool = pool_of(seed=seed)
    for members in pool.members():
        odd = pool.take(members[: len(members) - 1 + len(members) % 2])  # no tie in the middle
        alone = Pool(np.zeros(len(odd), np.int64), 1, None, odd.features)
        found = Moderate()(alone, np.array([9]), seed=0).indices
        assert found.tolist() == moderate(odd.features().astype(np.float64), 9)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=12))
def test_moderates_ties_go_to_the_lower_index(line):
    # On a line of whole and half numbers all is exact; the two middle distances always tie.
    features = np.array(line, np.float32)[:, None]
    pool = with_features(Pool(np.zeros(len(line), np.int64), 1), features)
    found = Moderate()(pool, np.array([len(line)]), seed=0).indices
    middle = np.median(line)
    away = [abs(v - middle) for v in line]
    wanted = sorted(range(len(line)), key=lambda i: (abs(away[i] - np.median(away)), i))
    assert found.tolist() == wanted


def test_each_class_has_its_own_middle():
    features = np.array([[0], [1], [2], [100], [101], [102], [104]], np.float32)
    pool = with_features(Pool(np.array([0, 0, 0, 1, 1, 1, 1]), 2), features)
    # class 0: from 1, distances 1 0 1; class 1: from 101.5, distances 1.5 0.5 0.5 2.5
    assert Moderate()(pool, np.array([2, 1]), seed=0).indices.tolist() == [0, 2, 3]
