"""DWA: real images, and an observer that moves for each batch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scores_toy import _PIXELS, LABELS, toy
from synthesis_toy import canvases, made, resnet8

from smallset.synthesis.dwa import DWA, Directed

NUMBERS = {"iterations": 3, "rate": 0.2, "r_bn": 0.1, "area": (0.3, 1.0), "flip": 0.5}


@pytest.fixture
def dwa(tmp_path) -> DWA:
    return DWA(resnet8(tmp_path), **NUMBERS)


def test_each_image_starts_from_another_real_image_of_its_class(dwa, tmp_path):
    start = made(tmp_path, replace(dwa, iterations=0), ipc=10)
    real = _PIXELS.transpose(0, 2, 3, 1).astype(int)
    off = np.abs(start[:, None].astype(int) - real[None]).max((2, 3, 4))
    assert off.min(1).max() == 0
    nearest = off.argmin(1)
    assert sorted(nearest.tolist()) == list(range(40))
    assert LABELS[nearest].tolist() == np.repeat(np.arange(4), 10).tolist()


def test_more_images_than_there_are_real_ones_are_refused(dwa, tmp_path):
    with pytest.raises(ValueError, match=r"dwa starts .* 'bee' has 10 and 11 are wanted. "
                       r"Use ipc<=10, or init=noise"):  # fmt: skip
        dwa.check(toy(tmp_path), np.array([10, 11, 10, 10]))
    canvases(tmp_path, replace(dwa, init="noise"), ipc=11)


@pytest.mark.parametrize("steps", [1, 5])
def test_the_weights_climb_the_cross_entropy_and_not_too_far(steps, tmp_path):
    network = toy(tmp_path).network(resnet8(tmp_path), epoch=1)
    before = [p.detach().clone() for p in network.parameters()]
    view, labels = torch.randn(8, 3, 8, 8), torch.arange(8) % 4

    def loss() -> float:
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(network.logits(view), labels))

    low = loss()
    Directed(steps, 0.05)(network, view, labels)
    far = sum(
        float((p - b).square().sum()) for p, b in zip(network.parameters(), before, strict=True)
    )
    assert loss() > low
    assert far**0.5 <= 0.05 * 1.0001
    assert far**0.5 == pytest.approx(0.05, rel=1e-4 if steps == 1 else 0.3)


def test_every_batch_starts_from_the_same_weights(dwa, tmp_path):
    begun = canvases(tmp_path, dwa)
    state = {k: v.clone() for k, v in begun.observers[0].network.state_dict().items()}
    second = begun.draw(begun.parts[1])
    begun.draw(begun.parts[0])
    now = begun.observers[0].network.state_dict()
    assert all(torch.equal(now[k], v) for k, v in state.items())
    np.testing.assert_array_equal(second, begun.draw(begun.parts[1]))
