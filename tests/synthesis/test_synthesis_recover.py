"""The engine: what an iteration does, and what it leaves alone."""

import math

import numpy as np
import pytest
import torch

from smallset.models import build_model
from smallset.synthesis.augment import Augment
from smallset.synthesis.recover import Batch, Recipe, Space, Watched, recover
from smallset.synthesis.sre2l import NormTargets
from smallset.train.device import Machine

HERE = Machine("cpu", "float32", 1)
STILL = Augment(area=(1, 1), flip=0)


def batch(b=4, seed=0) -> Batch:
    start = np.random.default_rng(seed).standard_normal((b, 3, 8, 8)).astype(np.float32)
    return Batch(start, np.arange(b) % 4, seed)


def run(network, recipe, of=None, machine=HERE, **options):
    return recover(of or batch(), [Watched(network, NormTargets())], recipe, machine=machine,
                   **options)  # fmt: skip


def test_an_iteration_is_adams_step_on_the_loss(network):
    """Two iterations written out: cross entropy and distances, Adam (0.5, 0.9), cosine, clamp."""
    made = run(network, Recipe(2, 0.25, 0.01, STILL))
    net, x = network.net, torch.from_numpy(batch().start).requires_grad_()
    seen = []
    for norm in (m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.register_forward_pre_hook(lambda layer, given: seen.append((layer, given[0])))
    first, second = torch.zeros_like(x), torch.zeros_like(x)
    for t in range(2):
        seen.clear()
        loss = torch.nn.functional.cross_entropy(net(x), torch.arange(4))
        for place, (layer, given) in enumerate(seen):
            variance, mean = torch.var_mean(given, (0, 2, 3), correction=0)
            loss = loss + 0.01 * (1 if place else 10) * (
                (variance - layer.running_var).norm() + (mean - layer.running_mean).norm()
            )
        (g,) = torch.autograd.grad(loss, x)
        first, second = 0.5 * first + 0.5 * g, 0.9 * second + 0.1 * g * g
        unbiased = first / (1 - 0.5 ** (t + 1)), second / (1 - 0.9 ** (t + 1))
        rate = 0.25 * (1 + math.cos(math.pi * t / 2)) / 2
        with torch.no_grad():
            x = x - rate * unbiased[0] / (unbiased[1].sqrt() + 1e-8)
            x = torch.max(
                torch.min(x, (1 - network.mean) / network.std), -network.mean / network.std
            )
        x.requires_grad_()
    wanted = ((x * network.std + network.mean).clamp(0, 1) * 255).to(torch.uint8)
    wanted = wanted.permute(0, 2, 3, 1).numpy()
    off = np.abs(made.astype(int) - wanted)
    assert off.max() <= 1  # a byte is cut off: the last bit of a float32 may decide
    assert (off == 0).mean() > 0.99


def test_the_rate_falls_by_a_cosine():
    recipe = Recipe(100, 0.2, 0, STILL)
    assert [recipe.rate_at(t) for t in (0, 50, 100)] == pytest.approx([0.2, 0.1, 0.0])


def test_maximising_a_class_alone_makes_the_observer_certain(network):
    network.net.head.weight.data.mul_(5)  # nothing was trained: its logits are small
    made = run(network, Recipe(60, 0.25, 0.0, STILL))
    shown = torch.from_numpy(made).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        assert torch.nn.functional.cross_entropy(network(shown), torch.arange(4)) < 0.1


def test_the_same_batch_gives_the_same_bytes_and_another_seed_others(network):
    recipe = Recipe(4, 0.1, 0.01, Augment(roll=(0, 3)))
    first = run(network, recipe)
    np.testing.assert_array_equal(first, run(network, recipe))
    assert (first != run(network, recipe, batch(seed=1))).any()


def test_the_observer_stays_as_it_was(network):
    before = {k: v.clone() for k, v in network.state_dict().items()}
    forwards = [m.__dict__.get("forward") for m in network.modules()]
    run(network, Recipe(3, 0.25, 0.01, Augment()))
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert forwards == [m.__dict__.get("forward") for m in network.modules()]
    assert not any(m._forward_pre_hooks for m in network.modules())
    assert all(p.requires_grad for p in network.parameters())


def test_without_an_iteration_the_images_are_the_start(network):
    made = run(network, Recipe(0, 0.25, 0.01, STILL))
    x = torch.from_numpy(batch().start) * network.std + network.mean
    wanted = (x.clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1)
    np.testing.assert_array_equal(made, wanted.numpy())


def test_each_iteration_is_told(network):
    told = []
    run(network, Recipe(3, 0.1, 0.01, STILL), progress=lambda *news: told.append(news))
    assert told == [("recover", 1, 3), ("recover", 2, 3), ("recover", 3, 3)]


def test_observers_take_turns_and_go_on_from_batch_to_batch(network):
    other = build_model("resnet8", classes=4, size=8, seed=5).eval()
    recipe = Recipe(1, 0.1, 0.01, STILL)
    pair = [Watched(network, NormTargets()), Watched(other, NormTargets())]
    swapped = pair[::-1]
    start = batch()
    later = Batch(start.start, start.labels, start.seed, turn=1)
    a = recover(later, pair, recipe, machine=HERE)
    b = recover(start, swapped, recipe, machine=HERE)
    np.testing.assert_array_equal(a, b)
    assert (a != recover(start, pair, recipe, machine=HERE)).any()


def test_an_observer_that_normalises_otherwise_sees_the_same_colours(network):
    one = Space(torch.full((1, 3, 1, 1), 0.5), torch.full((1, 3, 1, 1), 0.25))
    own = Space(network.mean, network.std)
    x = torch.rand(2, 3, 4, 4)
    moved = one.moved(x, own)
    torch.testing.assert_close(moved * own.std + own.mean, x * one.std + one.mean)
    assert own.moved(x, own) is x


def test_bfloat16_stays_near_float32(network):
    recipe = Recipe(3, 0.05, 0.01, STILL)
    near = run(network, recipe, machine=Machine("cpu", "bfloat16", 1))
    off = np.abs(near.astype(int) - run(network, recipe))
    assert off.mean() < 12


def test_images_that_are_not_finite_are_an_error(network):
    network.net.head.weight.data.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"no longer finite.*smaller rate"):
        run(network, Recipe(2, 0.25, 0.01, STILL))
