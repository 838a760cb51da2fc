import numpy as np
import pytest
import torch
from selection_toy import pool_of, with_features

from smallset.seeds import generator
from smallset.selection import KCenter, Pool
from smallset.selection.k_center import farthest
from smallset.selection.points import centred


def naive(features: np.ndarray, start: int, count: int) -> list[int]:
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
        assert found.tolist() == members[naive(features, start, 10)].tolist()


def test_from_the_same_start_permuting_the_data_permutes_the_choice():
    features = pool_of().features()
    order = np.random.default_rng(0).permutation(60)
    start = int(np.flatnonzero(order == 5)[0])
    again = farthest(centred(torch.from_numpy(features[order])), start, 20)
    first = farthest(centred(torch.from_numpy(features.copy())), 5, 20)
    np.testing.assert_array_equal(order[again], first)


@pytest.mark.parametrize("start", range(9))
def test_ties_go_to_the_lower_index(start):
    points = np.stack(np.meshgrid([-1, 0, 1], [-2, 0, 2]), -1).reshape(9, 2).astype(np.float32)
    assert farthest(torch.from_numpy(points), start, 9).tolist() == naive(points, start, 9)


def test_every_image_may_be_the_first():
    pool = with_features(Pool(np.zeros(5, np.int64), 1), np.ones((5, 2), np.float32))
    firsts = [KCenter()(pool, np.array([1]), seed=seed).indices[0] for seed in range(60)]
    assert set(firsts) == set(range(5))


def test_far_groups_are_each_visited_before_any_is_visited_twice():
    draw = np.random.default_rng(0)
    group = np.arange(40) % 8
    features = (100 * np.eye(8)[group] + draw.normal(size=(40, 8))).astype(np.float32)
    pool = with_features(Pool(np.zeros(40, np.int64), 1), features)
    assert sorted(group[KCenter()(pool, np.array([8]), seed=3).indices]) == list(range(8))
