"""Matching with memory, layers left out, and classes, against the formulas."""

import numpy as np
import pytest
import torch
from synthesis_toy import resnet8

from smallset.synthesis.layers import Pass, by_class, over_batches, watched_layers
from smallset.synthesis.matched import PoolTargets, Remembered
from smallset.synthesis.recover import Batch
from smallset.synthesis.statistics import cell_sums, over_images

LABELS = np.array([0, 0, 1, 1, 1])


def test_an_average_begins_with_the_first_statistic_and_has_the_current_gradient():
    cost = Remembered([torch.zeros(1)], [1.0], [0], 0.8, 0.0, (), 0)
    for value, average in ((5.0, 5.0), (10.0, 6.0), (0.0, 4.8)):
        flat = torch.tensor([value], requires_grad=True)
        found = cost(flat, 0)
        found.backward()
        assert found.item() == pytest.approx(average)
        assert flat.grad.tolist() == [1.0]


def test_without_memory_it_is_the_current_statistic_to_the_last_bit():
    cost = Remembered([torch.zeros(3)], [1.0], [0], 0.0, 0.0, (), 0)
    for seed in range(3):
        flat = torch.from_numpy(np.random.default_rng(seed).random(3, np.float32))
        assert torch.equal(cost(flat, seed), torch.linalg.vector_norm(flat))


def test_a_layer_left_out_costs_nothing_and_is_not_remembered():
    cost = Remembered([torch.zeros(1)] * 2, [1.0, 1.0], [0, 1], 0.5, 0.5, {1}, 0)
    out = [bool(cost.left_out(t)) for t in range(40)]
    assert 10 < sum(out) < 30
    average = None
    for t in range(40):
        value = float(t)
        if not out[t]:
            average = value if average is None else 0.5 * average + 0.5 * value
        found = cost(torch.tensor([0.0, value]), t)
        assert found.item() == pytest.approx(0 if out[t] else average)


@pytest.mark.parametrize("term", [None, "paper", "code"])
def test_the_cost_is_that_of_the_formula(term, seen, network, tmp_path):
    observer = resnet8(tmp_path)
    whole = over_batches(seen, observer, Pass(16, (1, 1), 0.0), 4)
    own = None if term is None else by_class(seen, observer, 4, "all")
    shared = 1.0 if term is None else 0.3
    targets = PoolTargets(whole, own, 0.8, 0.0, 4, shared, term or "paper", first=7.0)
    x = torch.randn(5, 3, 8, 8).to(memory_format=torch.channels_last)
    layers, given = watched_layers(network.net, "all"), {}
    handles = [m.register_forward_pre_hook(lambda m, v: given.__setitem__(m, v[0]))
               for m in layers]  # fmt: skip
    with torch.no_grad():
        network.logits(x)
    for handle in handles:
        handle.remove()

    def statistics(layer, x):
        found = [x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)]
        if isinstance(layer, torch.nn.Conv2d):
            found += over_images(*cell_sums(x, 4))
        return found

    def distance(found, row, at):
        cut = np.split(row[at:], np.cumsum([*map(len, found)]))
        return sum(
            float((f - torch.from_numpy(own)).norm()) for f, own in zip(found, cut, strict=False)
        )

    wanted = at = 0
    for place, layer in enumerate(layers):
        found, factor = statistics(layer, given[layer]), 1 if place else 7
        row = whole.values[0].copy()
        if isinstance(layer, torch.nn.BatchNorm2d):
            d = layer.num_features
            row[at : at + d], row[at + d : at + 2 * d] = layer.running_mean, layer.running_var
        wanted += factor * shared * distance(found, row, at)
        if term == "paper":
            for label, share in ((0, 0.4), (1, 0.6)):
                of_class = statistics(layer, given[layer][label == LABELS])
                wanted += factor * 0.7 * share * distance(of_class, own.values[label], at)
        elif term == "code":
            mean = (0.4 * own.values[0] + 0.6 * own.values[1]).astype(np.float32)
            wanted += factor * 0.7 * distance(found, mean, at)
        at += sum(map(len, found))

    watch = targets.watch(network, Batch(x.numpy(), LABELS, 0))
    images = x.clone().requires_grad_()
    watch.begin(0)
    logits = network.requires_grad_(False).logits(images)
    seen_cost = []
    cost = watch._cost
    watch._cost = lambda flat, t: seen_cost.append(cost(flat, t)) or seen_cost[-1]
    vectors, gradients = watch.pull(1.0, 0)
    assert seen_cost[0].item() == pytest.approx(wanted, rel=1e-3)
    torch.autograd.backward([logits.sum(), *vectors], [torch.ones(()), *gradients])
    assert images.grad.isfinite().all()
