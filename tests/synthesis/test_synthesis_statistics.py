"""Distances between what layers see and what they should see, against the formula."""

import copy

import pytest
import torch
from torch import nn

from smallset.models import build_model
from smallset.synthesis.statistics import (
    Distances,
    Watch,
    batch_norms,
    cell_sums,
    channel_sums,
    moments,
    over_images,
)


def test_the_distances_of_two_channels_by_hand():
    """Means 1 and 2, biased variances 1 and 4; targets 0, 0 and 1, 1; weights 10 and 3."""
    x = torch.tensor([[0.0, 2.0], [0.0, 4.0]])  # (channel, value)
    mean, variance = moments(x.T[:, :, None, None])
    assert (mean.tolist(), variance.tolist()) == ([1, 2], [1, 4])
    cost = Distances([torch.zeros(2), torch.ones(2)], [10.0, 3.0])
    assert float(cost(torch.cat([mean, variance]))) == pytest.approx(10 * 5**0.5 + 3 * 3)


def test_a_distance_of_zero_has_no_gradient_and_no_cost():
    vector = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    cost = Distances([torch.tensor([1.0, 2.0]), torch.tensor([0.0])], [5.0, 2.0])(vector)
    cost.backward()
    assert cost.item() == 6
    assert vector.grad.tolist() == [0, 0, 2]


@pytest.mark.parametrize("hooked", [False, True])
def test_the_gradient_is_that_of_the_formula(hooked):
    """Of taps, which find it by hand, and of hooks, which leave it to autograd."""
    torch.manual_seed(0)
    net = build_model("resnet8", classes=4, size=8, seed=0).net.eval()
    for norm in batch_norms(net):
        nn.init.uniform_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
        nn.init.normal_(norm.weight)
    x, labels = torch.randn(6, 3, 8, 8), torch.arange(6) % 4

    plain = copy.deepcopy(net)
    image = x.clone().requires_grad_()
    terms = []
    for place, norm in enumerate(batch_norms(plain)):

        def add(layer, given, factor=1.0 if place else 10.0):
            variance, mean = torch.var_mean(given[0], (0, 2, 3), correction=0)
            terms.append(factor * ((mean - layer.running_mean).norm()
                                   + (variance - layer.running_var).norm()))  # fmt: skip

        norm.register_forward_pre_hook(add)
    loss = nn.functional.cross_entropy(plain(image), labels)
    (loss + 0.3 * sum(terms)).backward()

    norms = batch_norms(net)
    targets = [t for norm in norms for t in (norm.running_mean, norm.running_var)]
    cost = Distances(targets, [10.0, 10.0] + [1.0] * (len(targets) - 2))
    read = (lambda given: moments(given)) if hooked else moments
    watch = Watch([(norm, read) for norm in norms], cost)
    watched = x.clone().to(memory_format=torch.channels_last).requires_grad_()
    for _ in range(2):  # nothing is left of the pass before
        watched.grad = None
        logits = net(watched)
        own = nn.functional.cross_entropy(logits, labels)
        roots, gradients = watch.pull(0.3, 0)
        assert bool(roots) == hooked
        torch.autograd.backward([own, *roots], [torch.ones(()), *gradients])
    torch.testing.assert_close(own, loss)
    torch.testing.assert_close(watched.grad, image.grad, rtol=1e-4, atol=1e-6)


def test_layers_without_running_statistics_are_not_watched():
    net = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3, track_running_stats=False))
    assert batch_norms(net) == [net[0]]


def test_the_cells_of_a_ramp_stand_row_by_row():
    ramp = torch.arange(8.0).expand(8, 8) + 10 * torch.arange(8.0)[:, None]
    x = torch.stack([ramp, ramp + 1])[None].repeat(3, 1, 1, 1)  # two channels, three images
    mean, variance = over_images(*cell_sums(x, 4))
    cells = [x[:, :, y : y + 4, z : z + 4] for y in (0, 4) for z in (0, 4)]
    torch.testing.assert_close(mean, torch.stack([c.mean() for c in cells]))
    torch.testing.assert_close(variance, torch.stack([c.var(correction=0) for c in cells]),
                               rtol=1e-3, atol=1e-3)  # fmt: skip


@pytest.mark.parametrize(("side", "cells"), [(8, 4), (6, 4), (4, 1), (1, 1)])
def test_a_map_is_enlarged_to_whole_cells(side, cells):
    mean, _ = cell_sums(torch.full((2, 3, side, side), 5.0), 4)
    assert mean.tolist() == [[5.0] * cells] * 2


def test_cells_are_not_rounded_by_the_precision_of_the_network():
    x = torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(0))  # to be enlarged to 8
    exact = cell_sums(x, 4)
    with torch.autocast("cpu", torch.bfloat16):
        found = cell_sums(x, 4)
    for a, b in zip(found, exact, strict=True):
        assert torch.equal(a, b)


def test_channels_over_images_are_those_of_all_numbers():
    x = torch.randn(5, 3, 4, 4)
    mean, variance = over_images(*channel_sums(x))
    torch.testing.assert_close(mean, x.mean((0, 2, 3)))
    torch.testing.assert_close(variance, x.var((0, 2, 3), correction=0))
