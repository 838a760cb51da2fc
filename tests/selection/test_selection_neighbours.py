import numpy as np
import pytest

from smallset.selection import neighbours
from smallset.selection.neighbours import nearest


def naive(features: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    away = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(away, np.inf)
    at = np.argsort(away, axis=1, kind="stable")[:, :k]
    return at, np.take_along_axis(away, at, 1)


@pytest.mark.parametrize("tile", [(256, 8192), (7, 5), (1, 1), (50, 3), (4, 40), (40, 39)])
@pytest.mark.parametrize("group", [2, 3, 16])
@pytest.mark.parametrize("k", [1, 5, 39])
def test_the_nearest_are_found_whatever_the_tiles(tile, group, k, monkeypatch):
    monkeypatch.setattr(neighbours, "_ROWS", tile[0])
    monkeypatch.setattr(neighbours, "_COLUMNS", tile[1])
    monkeypatch.setattr(neighbours, "_GROUP", group)
    features = np.random.default_rng(0).normal(50, 1, (60, 6)).astype(np.float32)
    members = np.random.default_rng(1).permutation(60)[:40]
    at, away = nearest(features, members, k)
    wanted = naive(features[members].astype(np.float64), k)
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
