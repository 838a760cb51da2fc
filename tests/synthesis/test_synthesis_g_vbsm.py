"""G-VBSM: images kept apart, and the observers of its pool."""

import pytest
import torch

from smallset.observers import Observer
from smallset.synthesis.g_vbsm import GVBSM, Density
from smallset.synthesis.recover import Look


def look(x: torch.Tensor, labels: list[int]) -> Look:
    return Look(x, x, x.new_zeros(len(x), 4), torch.tensor(labels), lambda other: other)


def test_density_is_zero_for_one_image_and_positive_for_a_nearly_flat_spectrum():
    # Two orthogonal images of squared length 1 and 1.5.
    x = torch.zeros(2, 3, 32, 32)
    x[0, 0, 0, 0], x[1, 0, 0, 1] = 1.0, 1.5**0.5
    x.requires_grad_()
    assert Density(1.0, 4.0)(look(x[:1], [0])).item() == 0
    assert Density(1.0, 4.0)(look(x, [0, 1])).item() == 0
    term = Density(2.0, 4.0)(look(x, [3, 3]))
    p, q = (torch.tensor([1.0, 1.5]) / t for t in (4, 1))
    p, q = p.softmax(0), q.softmax(0)
    assert term.item() == pytest.approx(2 * float((p * (p / q).log()).sum()), rel=1e-4)
    term.backward()
    assert x.grad.abs().sum() > 0


def test_the_epochs_of_a_named_pool_are_an_option():
    assert [one.epochs for one in GVBSM(epochs=7).observers] == [7, 7, 7]
    small = GVBSM().resolved(size=32)
    assert [(one.model, one.epochs) for one in small.observers] == [
        ("resnet8", 5), ("resnet20", 5), ("convnet-d3", 5)
    ]  # fmt: skip
    assert GVBSM(setting="tiny").resolved(size=32).observers[0].epochs == "auto"


def test_a_replicate_gives_its_seed_to_the_whole_pool():
    other = GVBSM().through(Observer(seed=3))
    assert [one.seed for one in other.observers] == [3, 3, 3]
