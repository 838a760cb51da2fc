"""G-VBSM: a pool in turns, all layers, and images kept apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthesis_toy import canvases, made, resnet8

from smallset.observers import Observer
from smallset.synthesis.g_vbsm import GVBSM, Density
from smallset.synthesis.recover import Look
from smallset.synthesis.sre2l import SRe2L

NUMBERS = {"iterations": 3, "rate": 0.2, "area": (0.3, 1.0), "flip": 0.5, "roll": (0, 4)}


@pytest.fixture
def pool(tmp_path) -> GVBSM:
    return GVBSM((resnet8(tmp_path), resnet8(tmp_path, 1)), r_match=0.1, **NUMBERS, pad=0, batch=4)


def test_with_its_changes_off_it_is_sre2l_bit_for_bit(tmp_path):
    observer = resnet8(tmp_path)
    off = GVBSM((observer,), r_match=0.1, **NUMBERS, pad=0, memory=0, convolutions=False,
                density=0, together="rank")  # fmt: skip
    plain = made(tmp_path, SRe2L(observer, r_bn=0.1, **NUMBERS))
    np.testing.assert_array_equal(made(tmp_path, off), plain)


@pytest.mark.parametrize(
    "change",
    [{"memory": 0.0}, {"drop": 0.0}, {"drop": 1.0}, {"convolutions": False}, {"patch": 2},
     {"together": "rank"}, {"pad": 2}, {"first": 1.0}, {"r_match": 0.0}, {"batch": 8}],
    ids=str,
)  # fmt: skip
def test_each_mechanism_acts(pool, change, tmp_path):
    assert (made(tmp_path, pool) != made(tmp_path, replace(pool, **change))).any()


def test_each_observer_of_the_pool_acts(pool, tmp_path):
    one = replace(pool, pool=pool.pool[:1])
    turned = replace(pool, pool=pool.pool[::-1])
    sets = [made(tmp_path, each).tobytes() for each in (pool, one, turned)]
    assert len(set(sets)) == 3


def test_batches_are_class_after_class(pool, tmp_path):
    begun = canvases(tmp_path, pool, ipc=3)
    assert [begun.plan.label[list(rows)].tolist() for rows in begun.parts] == [
        [0, 0, 0, 1], [1, 1, 2, 2], [2, 3, 3, 3]
    ]  # fmt: skip


def test_a_worker_draws_the_same_in_turn(pool, tmp_path):
    begun = canvases(tmp_path, pool)
    for rows in begun.parts:
        np.testing.assert_array_equal(begun.carried(rows)(), begun.draw(rows))
    assert begun._batch(begun.parts[1]).turn == 3  # the counter runs on


def look(x: torch.Tensor, labels: list[int]) -> Look:
    return Look(0, x, x, x.new_zeros(len(x), 4), torch.tensor(labels), lambda other: other)


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


def test_a_density_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"density=-1, tau=4.0 cannot be used"):
        GVBSM(density=-1)


def test_an_observer_without_anything_to_compare_is_refused_before_one_is_trained(tmp_path):
    pool = (Observer("resnet8", epochs=1), Observer("convnet-d3", epochs=1))
    with pytest.raises(ValueError, match=r"but 'convnet-d3' has none. Needed a network"):
        canvases(tmp_path, GVBSM(pool, convolutions=False))
    assert not (tmp_path / "observers").exists()
