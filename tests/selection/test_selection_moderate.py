import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_toy import pool_of, with_features

from smallset.selection import Moderate, Pool


def naive(features: np.ndarray, count: int) -> list[int]:
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
        assert found.tolist() == naive(odd.features().astype(np.float64), 9)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=12))
def test_ties_go_to_the_lower_index(line):
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
