import re

import numpy as np
import pytest
from selection_toy import pool_of, with_features
from threadpoolctl import threadpool_limits

from smallset.selection import Pool, Spread
from smallset.selection.spread import medoids


def one_class(features: list[list[float]], values: list[float] | None = None) -> Pool:
    n = len(features)
    ranks = np.arange(n) if values is None else values
    pool = Pool(np.zeros(n, np.int64), 1, np.array(ranks, np.float32))
    return with_features(pool, np.array(features, np.float32))


GROUPS = [[0, 0], [0, 3], [0, 1], [90, 0], [91, 0], [0, 80], [0, 81.5], [0, 84], [1, 1], [0, 2]]
"""Three groups: 0, 1, 2, 8 and 9 around (0.2, 1.4); 3 and 4; 5, 6 and 7 around (0, 81.8)."""


def test_each_group_gives_the_image_nearest_to_its_centre_the_largest_group_first():
    for seed in range(5):
        chosen = Spread(allow=1)(one_class(GROUPS), np.array([3]), seed=seed).indices.tolist()
        assert chosen[:2] == [2, 6]
        assert chosen[2] in (3, 4)  # both are as near to their centre


def test_one_image_is_the_one_nearest_to_the_mean_of_the_easiest():
    # Of ten images, one makes a share of (1 / 10)^(1/5) = 0.63: the six easiest, of 0 to 5.
    line = one_class([[i] for i in (0, 1, 2, 3, 4, 8, 50, 60, 70, 80)])
    assert Spread()(line, np.array([1]), seed=0).indices.tolist() == [3]  # the mean is 3
    # Among all, the mean is 27.8.
    assert Spread(allow=1)(line, np.array([1]), seed=0).indices.tolist() == [5]


@pytest.mark.parametrize(("count", "allowed"), [(1, 251), (2, 289), (8, 381), (40, 525)])
def test_the_share_that_is_allowed_grows_with_the_share_that_is_wanted(count, allowed):
    line = np.random.default_rng(0).normal(size=(1000, 2))
    line[allowed:] += 50  # harder images, which are also far away
    chosen = Spread()(one_class(line.tolist()), np.array([count]), seed=0).indices
    assert chosen.max() < allowed
    line[allowed - 1] = -9999  # the last one that is allowed, and a cluster of its own
    chosen = Spread()(one_class(line.tolist()), np.array([count]), seed=0).indices
    assert count == 1 or chosen[-1] == allowed - 1


def test_only_the_easiest_share_is_chosen_from_and_all_of_it_can_be():
    pool = pool_of(100, 2)
    for c, members in enumerate(pool.members()):
        easiest = members[np.argsort(pool.values[members])][: Spread(0.3).leaves(len(members))]
        counts = np.zeros(2, np.int64)
        counts[c] = 5
        few = Spread(0.3)(pool, counts, seed=0).indices
        assert set(few.tolist()) <= set(easiest.tolist())
        counts[c] = len(easiest)
        np.testing.assert_array_equal(Spread(0.3)(pool, counts, seed=0).indices, easiest)


def test_more_than_the_allowed_share_is_refused():
    with pytest.raises(ValueError, match=re.escape(
        "spread's allow=0.3 leaves 3 of the 10 images of class 0, but 4 were asked for. Ask for "
        "at most 3, or let the option leave more."
    )):  # fmt: skip
        Spread(0.3)(one_class(GROUPS), np.array([4]), seed=0)


@pytest.mark.parametrize("allow", [0, -0.5, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(allow):
    with pytest.raises(ValueError, match=r"spread's allow=.* is not a share"):
        Spread(allow)


def test_equal_images_are_not_chosen_twice_and_the_easiest_others_come_last():
    pool = one_class([[5.0]] * 4 + [[1.0]] * 2 + [[9.0]], [7, 6, 5, 4, 3, 2, 1])
    chosen = Spread(allow=1)(pool, np.array([5]), seed=0).indices.tolist()
    # Three different points: four of 5.0, two of 1.0, one of 9.0; of each the easiest image.
    assert chosen == [3, 5, 6, 4, 2]


def test_medoids_are_of_the_points_nearest_to_the_means_of_their_clusters():
    draw = np.random.default_rng(0)
    points = draw.normal(size=(200, 3)).astype(np.float32)
    chosen = medoids(points, 200, seed=0)
    assert sorted(chosen.tolist()) == list(range(200))
    chosen = medoids(points, 12, seed=0)
    # The points that have one of the chosen as the nearest are nearly a cluster of the means.
    owner = np.linalg.norm(points[:, None] - points[chosen][None], axis=2).argmin(1)
    means = np.stack([points[owner == j].mean(0) for j in range(12)])
    inner = np.linalg.norm(points[chosen] - means, axis=1)
    wide = [np.linalg.norm(points[owner == j] - means[j], axis=1).mean() for j in range(12)]
    assert (inner < 0.6 * np.array(wide)).all()


def test_threads_do_not_change_the_choice():
    pool = pool_of(4000, 1, width=32)
    chosen = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            chosen.append(Spread()(pool, np.array([200]), seed=0).indices)
    np.testing.assert_array_equal(*chosen)
