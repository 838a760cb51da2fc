import numpy as np
import pytest
from selection_toy import pool_of, with_features

from smallset.selection import Herding, Pool


def naive(features: np.ndarray, count: int) -> list[int]:
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
        assert found.tolist() == members[naive(features, 10)].tolist()


def test_the_mean_of_the_choice_comes_nearer_to_the_class_mean_than_a_random_one():
    draw = np.random.default_rng(0)
    features = draw.exponential(size=(500, 16)).astype(np.float32)
    pool = with_features(Pool(np.zeros(500, np.int64), 1), features)
    chosen = Herding()(pool, np.array([50]), seed=0).indices
    mean = features.mean(0)
    off = np.linalg.norm(features[chosen].mean(0) - mean)
    others = [np.linalg.norm(features[draw.permutation(500)[:50]].mean(0) - mean)
              for _ in range(20)]  # fmt: skip
    assert off < 0.3 * min(others)


def test_ties_go_to_the_lower_index():
    features = np.array([[1], [-1], [1], [-1]], np.float32)
    pool = with_features(Pool(np.zeros(4, np.int64), 1), features)
    assert Herding()(pool, np.array([4]), seed=0).indices.tolist() == [0, 1, 2, 3]
