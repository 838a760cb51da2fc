import numpy as np

from smallset.seeds import generator
from smallset.selection import Pool, Random

LABELS = np.arange(60) % 3


def draw(seed: int, labels: np.ndarray = LABELS, per_class: int = 4) -> np.ndarray:
    return Random()(Pool(labels, 3), np.full(3, per_class), seed=seed).indices


def test_a_draw_is_its_seed():
    np.testing.assert_array_equal(draw(7), draw(7))
    assert len({tuple(draw(seed).tolist()) for seed in range(20)}) == 20


def test_the_draw_is_a_permutation_of_each_class_by_its_own_key():
    wanted = [
        generator(7, "random", c).permutation(np.flatnonzero(c == LABELS))[:4] for c in range(3)
    ]
    np.testing.assert_array_equal(draw(7), np.concatenate(wanted))


def test_scores_change_nothing():
    values = np.random.default_rng(0).random(60).astype(np.float32)
    chosen = Random()(Pool(LABELS, 3, values), np.full(3, 4), seed=7).indices
    np.testing.assert_array_equal(chosen, draw(7))


def test_every_image_is_as_likely():
    counts = np.bincount(np.concatenate([draw(seed) for seed in range(3000)]), minlength=60)
    np.testing.assert_allclose(counts / 3000, 4 / 20, atol=0.04)


def test_one_class_growing_leaves_the_others_draw_alone():
    more = np.concatenate([LABELS, np.zeros(5, np.int64)])
    np.testing.assert_array_equal(draw(7, more)[4:], draw(7)[4:])
