import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_toy import pool_of, with_features

from smallset.selection import D2, Hardest, Pool, d2
from smallset.selection.d2 import nearest, pick


def naive(values: np.ndarray, features: np.ndarray, gamma: float, k: int, count: int) -> list[int]:
    n = len(values)
    away = [[np.linalg.norm(a - b) for b in features] for a in features]
    near = [sorted((j for j in range(n) if j != i), key=lambda j: away[i][j])[:k]
            for i in range(n)]  # fmt: skip
    g = [values[i] + sum(np.exp(-away[i][j]) * values[j] for j in near[i]) for i in range(n)]
    chosen: list[int] = []
    for _ in range(count):
        i = max((i for i in range(n) if i not in chosen), key=lambda i: g[i])
        chosen.append(i)
        for j in near[i]:
            g[j] -= np.exp(-gamma * away[i][j]) * g[i]
    return chosen


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("gamma", "k"), [(0.1, 5), (1.0, 3), (0.0, 1), (0.1, 99)])
def test_passing_and_picking_are_the_formulas(seed, gamma, k):
    pool = pool_of(seed=seed)
    chosen = D2(gamma, k)(pool, np.full(3, 10), seed=0).indices.reshape(3, 10)
    for members, found in zip(pool.members(), chosen, strict=True):
        values = pool.values[members].astype(np.float64)
        features = pool.features()[members].astype(np.float64)
        assert found.tolist() == members[naive(values, features, gamma, k, 10)].tolist()


def test_as_in_the_paper_one_graph_goes_over_all_classes():
    pool = pool_of()
    chosen = D2(balanced=False)(pool, np.full(3, 6), seed=0).indices
    values, features = pool.values.astype(np.float64), pool.features().astype(np.float64)
    assert set(chosen) == set(naive(values, features, 0.1, 5, 18))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(1, 40))
def test_the_largest_is_found_after_any_change_and_ties_go_to_the_lower_index(data, n):
    numbers = st.sampled_from([-2.0, -0.5, 0.0, 1.0, 1.5])
    g = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)))
    k = data.draw(st.integers(0, min(4, n - 1)))
    near = np.array(
        [data.draw(st.permutations([j for j in range(n) if j != i]))[:k] for i in range(n)],
        np.int64,
    ).reshape(n, k)
    found = pick(g.copy(), near, np.zeros((n, k), np.float32), 0.1, n).tolist()
    chosen: list[int] = []
    for _ in range(n):
        i = min((i for i in range(n) if i not in chosen), key=lambda i: (-g[i], i))
        chosen.append(i)
        g[near[i]] -= g[i]
    assert found == chosen


def test_a_copy_of_a_chosen_image_waits_for_the_others():
    features = np.array([[0, 0], [0, 0], [90, 0], [0, 90], [90, 90]], np.float32)
    values = np.array([1.0, 0.9, 0.3, 0.2, 0.1], np.float32)
    pool = with_features(Pool(np.zeros(5, np.int64), 1, values), features)
    assert Hardest()(pool, np.array([5]), seed=0).indices.tolist() == [0, 1, 2, 3, 4]
    assert D2(k=1)(pool, np.array([5]), seed=0).indices.tolist() == [0, 2, 3, 4, 1]


@pytest.mark.parametrize("gamma", [-0.1, np.inf, np.nan])
def test_a_gamma_that_is_no_decay_is_refused(gamma):
    with pytest.raises(ValueError, match=rf"d2's gamma={gamma} is not a decay\. Give"):
        D2(gamma)


def test_no_neighbours_are_refused():
    with pytest.raises(ValueError, match=r"d2's k=0 is too small\. Give the neighbours of each"):
        D2(k=0)


def nearest_of_all(features: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    away = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(away, np.inf)
    at = np.argsort(away, axis=1, kind="stable")[:, :k]
    return at, np.take_along_axis(away, at, 1)


@pytest.mark.parametrize("tile", [(256, 8192), (7, 5), (1, 1), (50, 3), (4, 40), (40, 39)])
@pytest.mark.parametrize("group", [2, 3, 16])
@pytest.mark.parametrize("k", [1, 5, 39])
def test_the_nearest_are_found_whatever_the_tiles(tile, group, k, monkeypatch):
    monkeypatch.setattr(d2, "_ROWS", tile[0])
    monkeypatch.setattr(d2, "_COLUMNS", tile[1])
    monkeypatch.setattr(d2, "_GROUP", group)
    features = np.random.default_rng(0).normal(50, 1, (60, 6)).astype(np.float32)
    members = np.random.default_rng(1).permutation(60)[:40]
    at, away = nearest(features, members, k)
    wanted = nearest_of_all(features[members].astype(np.float64), k)
    np.testing.assert_array_equal(at, wanted[0])
    np.testing.assert_allclose(away, wanted[1], rtol=1e-5)


@pytest.mark.parametrize("m", [1, 2, 4])
def test_a_part_smaller_than_k_gives_all_the_others(m):
    features = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    at, away = nearest(features, np.arange(m), 5)
    assert at.shape == away.shape == (m, m - 1)
    for i in range(m):
        assert sorted([i, *at[i]]) == list(range(m))


def test_more_points_than_a_tile_holds_are_searched():
    features = np.random.default_rng(0).normal(size=(9001, 2)).astype(np.float32)
    at, away = nearest(features, np.arange(9001), 3)
    for i in (0, 255, 256, 8191, 8192, 9000):
        far = np.linalg.norm(features - features[i], axis=1)
        np.testing.assert_array_equal(at[i], np.argsort(far, kind="stable")[1:4])
        np.testing.assert_allclose(away[i], np.sort(far)[1:4], rtol=1e-6)


def test_copies_are_at_distance_0_and_no_point_is_its_own_neighbour():
    features = np.repeat(np.random.default_rng(0).normal(9, 1, (20, 8)), 3, 0).astype(np.float32)
    at, away = nearest(features, np.arange(60), 2)
    assert not away.any()
    np.testing.assert_array_equal(at // 3, np.repeat(np.arange(20), 3)[:, None] * [1, 1])
    assert not (at == np.arange(60)[:, None]).any()
