from math import sqrt

import numpy as np
import pytest
from scipy.stats import beta

from smallset.train.mix import cutmix_boxes, draw_batch_mix, draw_epoch_mix

SIZE = 32


def published(kept: float, x: float, y: float, size: int) -> list[int]:
    """One box as CutMix's authors place it, from lambda and the place of its centre."""
    side = int(size * sqrt(1 - kept))
    across, down = int(x * size), int(y * size)
    return [
        max(across - side // 2, 0),
        max(down - side // 2, 0),
        min(across + side // 2, size),
        min(down + side // 2, size),
    ]


@pytest.mark.parametrize("alpha", [1.0, 0.5])
@pytest.mark.parametrize("size", [32, 7])
def test_boxes_are_cutmixs(alpha, size):
    numbers = np.random.default_rng(0).random((500, 3))
    kept = beta(alpha, alpha).ppf(numbers[:, 0])
    naive = [published(k, x, y, size) for k, (_, x, y) in zip(kept, numbers, strict=True)]
    assert cutmix_boxes(numbers, size, alpha).tolist() == naive


def test_lambda_is_uniform_at_alpha_one():
    numbers = np.array([[0.0, 0.5, 0.5], [0.75, 0.5, 0.5], [0.999, 0.5, 0.5]])
    assert cutmix_boxes(numbers, 100, 1.0).tolist() == [
        [0, 0, 100, 100], [25, 25, 75, 75], [49, 49, 51, 51],
    ]  # fmt: skip


def test_the_partners_of_an_epoch_are_one_permutation_of_the_whole_set():
    one, other = (draw_epoch_mix(50, SIZE, alpha=1.0, seed=3, epoch=epoch) for epoch in (0, 1))
    assert sorted(one.partner.tolist()) == sorted(other.partner.tolist()) == list(range(50))
    assert one.partner.tolist() != other.partner.tolist()
    assert one.box.tolist() != other.box.tolist()
    again = draw_epoch_mix(50, SIZE, alpha=1.0, seed=3, epoch=0)
    assert again.partner.tolist() == one.partner.tolist()
    assert again.box.tolist() == one.box.tolist()
    elsewhere = draw_epoch_mix(50, SIZE, alpha=1.0, seed=4, epoch=0)
    assert elsewhere.partner.tolist() != one.partner.tolist()


def test_boxes_do_not_depend_on_how_many_images_there_are():
    small, large = (draw_epoch_mix(n, SIZE, alpha=1.0, seed=0, epoch=5) for n in (10, 1000))
    assert small.box.tolist() == large.box[:10].tolist()


def test_the_published_way_draws_one_box_and_one_permutation_a_batch():
    parts = [np.array([5, 2, 9, 0]), np.array([1, 8, 3, 4]), np.array([7, 6])]
    mixes = [
        draw_batch_mix(part, SIZE, alpha=1.0, seed=1, epoch=2, step=step)
        for step, part in enumerate(parts)
    ]
    for part, mix in zip(parts, mixes, strict=True):
        assert sorted(mix.partner.tolist()) == sorted(part.tolist())
        assert len(mix.box) == len(part)
    assert all(len(np.unique(mix.box, axis=0)) == 1 for mix in mixes)
    assert len({tuple(mix.box[0].tolist()) for mix in mixes}) == 3
