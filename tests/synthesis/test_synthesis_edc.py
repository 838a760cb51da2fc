"""EDC: its further term of the loss."""

import pytest
import torch

from smallset.synthesis.edc import Flatness
from smallset.synthesis.recover import Look


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
