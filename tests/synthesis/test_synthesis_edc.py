"""EDC: real images, and each class's own statistics."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scores_toy import _PIXELS
from synthesis_toy import canvases, made, resnet8

from smallset.synthesis.edc import EDC, Flatness
from smallset.synthesis.rded import RDED
from smallset.synthesis.recover import Look

NUMBERS = {"iterations": 3, "rate": 0.2, "r_match": 0.1, "area": (0.3, 1.0), "flip": 0.5,
           "roll": (0, 4), "batch": 4}  # fmt: skip


@pytest.fixture
def edc(tmp_path) -> EDC:
    return EDC((resnet8(tmp_path), resnet8(tmp_path, 1)), **NUMBERS)


def test_without_an_iteration_it_is_its_initial_images(edc, tmp_path):
    start = made(tmp_path, replace(edc, iterations=0), ipc=10).astype(int)
    real = _PIXELS.transpose(0, 2, 3, 1).astype(int)
    off = np.abs(start[:, None] - np.stack([real, real[:, :, ::-1]], 1).reshape(80, 8, 8, 3)[None])
    nearest = off.max((2, 3, 4))
    assert nearest.min(1).max() == 0
    assert sorted((nearest.argmin(1) // 2).tolist()) == list(range(40))
    assert 8 < (nearest.argmin(1) % 2).sum() < 32  # mirrored by chance


def test_at_imagenet_sizes_it_starts_from_the_canvases_of_rded(edc, tmp_path):
    start = made(tmp_path, replace(edc, iterations=0, setting="imagenet"), ipc=2)
    np.testing.assert_array_equal(start, made(tmp_path, RDED(edc.pool[0]), ipc=2))


def test_the_batch_of_cifar_10_is_all_images(edc, tmp_path):
    begun = canvases(tmp_path, replace(edc, batch=None), ipc=3)
    assert begun.parts == (tuple(range(12)),)


def test_flatness_compares_with_an_average_of_the_images_and_not_of_weights():
    asked = []

    def again(images):
        asked.append(images.clone())
        return images.flatten(1)[:, :2]

    term = Flatness(0.25, tau=4.0, keep=0.9)
    first, second = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    logits = torch.tensor([[1.0, 3.0]], requires_grad=True)

    def look(images):
        return Look(images, images, logits, torch.zeros(1, dtype=torch.int64), again)

    term(look(first))
    found = term(look(second))
    torch.testing.assert_close(asked[1], torch.full_like(first, 0.1))
    p, q = (logits / 4).softmax(1), torch.tensor([[0.5, 0.5]])
    assert found.item() == pytest.approx(0.25 * (p * (p / q).log()).sum().item())
    found.backward()
    assert logits.grad.abs().sum() > 0


@pytest.mark.parametrize(("init", "said"), [
    ("real", "edc starts each image from another real .* 'ape' has 10 and 11 are wanted. "
             "Use ipc<=10, or init=noise"),
    ("rded", "edc starts from canvases of rded: the crops .* so ipc=11 with factor=1 needs 11 "
             "images of the class 'ape', but it has 10. Use ipc<=10. Or give init=noise"),
])  # fmt: skip
def test_more_images_than_real_ones_are_refused(edc, init, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        canvases(tmp_path, replace(edc, init=init), ipc=11)
