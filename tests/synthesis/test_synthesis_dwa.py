"""DWA: real images, and an observer that moves for each batch."""

import numpy as np
import pytest
import torch
from synthesis_toy import canvases, resnet8

from smallset.synthesis.dwa import DWA, Directed

NUMBERS = {"iterations": 3, "rate": 0.2, "r_bn": 0.1, "area": (0.3, 1.0), "flip": 0.5}


@pytest.fixture
def dwa(tmp_path) -> DWA:
    return DWA(resnet8(tmp_path), **NUMBERS)


@pytest.mark.parametrize("steps", [1, 5])
def test_the_weights_climb_the_cross_entropy_and_not_too_far(steps, network):
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
