"""G-VBSM: a pool in turns, all layers, and images kept apart."""

import pytest
import torch
from synthesis_toy import canvases, resnet8

from smallset.observers import Observer
from smallset.synthesis.g_vbsm import GVBSM, Density
from smallset.synthesis.recover import Look

NUMBERS = {"iterations": 3, "rate": 0.2, "area": (0.3, 1.0), "flip": 0.5, "roll": (0, 4)}


@pytest.fixture
def pool(tmp_path) -> GVBSM:
    return GVBSM((resnet8(tmp_path), resnet8(tmp_path, 1)), r_match=0.1, **NUMBERS, pad=0, batch=4)


def test_batches_are_class_after_class(pool, tmp_path):
    begun = canvases(tmp_path, pool, ipc=3)
    assert [begun.plan.label[list(rows)].tolist() for rows in begun.parts] == [
        [0, 0, 0, 1], [1, 1, 2, 2], [2, 3, 3, 3]
    ]  # fmt: skip


def test_the_turns_of_the_observers_run_on_from_batch_to_batch(pool, tmp_path):
    begun = canvases(tmp_path, pool)
    assert begun._batch(begun.parts[1]).turn == 3


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


def test_an_observer_without_anything_to_compare_is_refused_before_one_is_trained(tmp_path):
    pool = (Observer("resnet8", epochs=1), Observer("convnet-d3", epochs=1))
    with pytest.raises(ValueError, match=r"but 'convnet-d3' has none. Needed a network"):
        canvases(tmp_path, GVBSM(pool, convolutions=False))
    assert not (tmp_path / "observers").exists()
