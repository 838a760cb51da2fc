"""Soft labels in the training loop: mixed views, the loss, and hard labels left as they were."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from loop_toy import (
    CLASSES,
    IMAGES,
    LABELS,
    PICTURES,
    SEEDS,
    SHORT,
    SHOWN,
    SIZE,
    same,
    student,
    train,
)
from torch import nn

from smallset.train import loop, steps
from smallset.train.loop import divergence
from smallset.train.mix import draw_batch_mix, draw_epoch_mix
from smallset.train.protocol import Protocol
from smallset.train.render import render
from smallset.train.steps import StudentSeeds, batches
from smallset.train.views import draw_epoch


class Watching:
    """Soft labels that keep what they were shown, by epoch and image."""

    def __init__(self) -> None:
        self.seen: dict[tuple[int, int], torch.Tensor] = {}

    def __call__(self, pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
        for image, shown in zip(indices.tolist(), pixels, strict=True):
            self.seen[epoch, image] = shown.clone()
        return pixels.mean((2, 3)) @ torch.eye(3, CLASSES)


def flat() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE**2, CLASSES))


def naive_views(epoch: int) -> torch.Tensor:
    """The unmixed views of every image in an epoch."""
    drawn = draw_epoch(SHOWN.view, SHOWN.boxes, seed=SEEDS.view, epoch=epoch)
    return render(PICTURES.pixels, drawn, size=SIZE)


def naive_mix(own: torch.Tensor, partner: torch.Tensor, box: np.ndarray) -> torch.Tensor:
    left, top, right, bottom = box.tolist()
    mixed = own.clone()
    mixed[:, top:bottom, left:right] = partner[:, top:bottom, left:right]
    return mixed


def test_a_mixed_view_holds_a_box_of_its_partners_own_view():
    soft = Watching()
    train(flat(), soft=soft)
    for epoch in range(3):
        views = naive_views(epoch)
        mix = draw_epoch_mix(IMAGES, SIZE, alpha=1.0, seed=SEEDS.view, epoch=epoch)
        for image in range(IMAGES):
            wanted = naive_mix(views[image], views[mix.partner[image]], mix.box[image])
            assert torch.equal(soft.seen[epoch, image], wanted)
    assert len(soft.seen) == 3 * IMAGES


@pytest.mark.parametrize(
    ("batch", "order"), [(5, 1), (8, 9), (IMAGES, 9)], ids=["batch", "order", "both"]
)
def test_views_are_the_same_in_another_batch_size_and_order(batch, order):
    one, other = Watching(), Watching()
    train(flat(), soft=one)
    seeds = StudentSeeds(order, SEEDS.view)
    train(flat(), soft=other, protocol=replace(SHORT, batch=batch), seeds=seeds)
    assert one.seen.keys() == other.seen.keys()
    assert all(torch.equal(one.seen[key], other.seen[key]) for key in one.seen)


def test_the_published_way_mixes_inside_each_batch():
    soft = Watching()
    train(flat(), soft=soft, protocol=replace(SHORT, mix="batch", epochs=1))
    views = naive_views(0)
    for step, part in enumerate(batches(IMAGES, 8, seed=SEEDS.student, epoch=0)):
        mix = draw_batch_mix(part, SIZE, alpha=1.0, seed=SEEDS.view, epoch=0, step=step)
        for at, image in enumerate(part.tolist()):
            wanted = naive_mix(views[image], views[mix.partner[at]], mix.box[at])
            assert torch.equal(soft.seen[0, image], wanted)


def test_the_student_sees_what_the_teacher_sees():
    class Student(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head, self.shown = flat(), []

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.shown.append(x)
            return self.head(x)

    def soft(pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
        seen.append(pixels)
        return torch.ones(len(indices), CLASSES)

    model, seen = Student(), []
    train(model, soft=soft)
    assert all(torch.equal(a, b) for a, b in zip(model.shown, seen, strict=True))


def test_the_loss_is_kl_at_the_temperature_averaged_over_the_batch():
    rng = np.random.default_rng(1)
    student_logits, teacher_logits = rng.normal(0, 9, (2, 6, CLASSES)).astype(np.float32)

    def softened(z: np.ndarray) -> np.ndarray:
        powers = np.exp(z.astype(np.float64) / 20)
        return powers / powers.sum(1, keepdims=True)

    p, q = softened(teacher_logits), softened(student_logits)
    naive = (p * np.log(p / q)).sum() / 6
    found = divergence(torch.from_numpy(student_logits), torch.from_numpy(teacher_logits), 20.0)
    assert float(found) == pytest.approx(naive, rel=1e-4)
    alike = divergence(torch.from_numpy(teacher_logits), torch.from_numpy(teacher_logits), 20.0)
    assert float(alike) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("loss", "weight"), [("mse", 0.1), ("kl", 0.5), ("kl", 0.0)])
def test_a_protocol_may_learn_the_logits_themselves_and_the_class_beside(loss, weight):
    draw = torch.Generator().manual_seed(0)
    mine, told = torch.randn(2, 6, CLASSES, generator=draw)
    hard = torch.arange(6) % CLASSES
    soft = ((mine - told) ** 2).mean() if loss == "mse" else divergence(mine, told, 20.0)
    wanted = soft - weight * mine.log_softmax(1)[torch.arange(6), hard].mean()
    rules = replace(SHORT, loss=loss, hard_weight=weight)
    torch.testing.assert_close(loop.soft_loss(mine, told, hard, rules), wanted)


@pytest.mark.parametrize("temperature", [20.0, 2.0])
def test_one_step_is_the_optimisers_own_on_the_divergence(temperature):
    ours, theirs = flat(), flat()
    protocol = replace(SHORT, batch=32, epochs=1, temperature=temperature)
    soft = Watching()
    fitted = train(ours, soft=soft, protocol=protocol)
    order = batches(IMAGES, 32, seed=SEEDS.student, epoch=0)[0]
    pixels = torch.stack([soft.seen[0, image] for image in order.tolist()])
    logits = pixels.mean((2, 3)) @ torch.eye(3, CLASSES)
    loss = F.kl_div(
        (theirs(pixels) / temperature).log_softmax(1), (logits / temperature).softmax(1),
        reduction="batchmean",
    )  # fmt: skip
    optimizer = protocol.optimizer_for(theirs)
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(torch.tensor(fitted.loss), loss.detach())
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)


def test_labels_for_whole_images_are_learned_without_a_mix():
    soft = Watching()
    train(flat(), replace(SHOWN, mixed=False), soft=soft)
    for epoch in range(3):
        seen = torch.stack([soft.seen[epoch, image] for image in range(IMAGES)])
        assert torch.equal(seen, naive_views(epoch))


def test_a_pool_shows_the_views_of_the_first_epochs_alone():
    whole, pooled = Watching(), Watching()
    train(flat(), soft=whole)
    train(flat(), replace(SHOWN, pool=2), soft=pooled, protocol=replace(SHORT, epochs=9))
    assert {epoch for epoch, _ in pooled.seen} == {0, 1}
    assert all(torch.equal(pooled.seen[key], whole.seen[key]) for key in pooled.seen)


def test_a_student_comes_to_agree_with_its_teacher():
    teacher, model = flat(), flat()
    protocol = replace(SHORT, epochs=20, rate=0.01, temperature=1.0)

    def soft(pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
        with torch.no_grad():
            return 10 * teacher(pixels)

    first = train(model, soft=soft, protocol=protocol, epochs=range(1)).loss
    assert train(model, soft=soft, protocol=protocol, epochs=range(1, 20)).loss < first / 2


def test_hard_labels_never_ask_for_a_mix(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a mix was drawn")

    monkeypatch.setattr(steps, "draw_epoch_mix", refuse)
    train(flat())
    with pytest.raises(AssertionError, match="a mix was drawn"):
        train(flat(), soft=Watching())


def test_hard_labels_give_the_bits_they_gave_before_there_were_soft_ones():
    ours, theirs = student(), student()
    fitted = train(ours)
    optimizer = SHORT.optimizer_for(theirs)
    target = torch.tensor(LABELS)
    theirs.train()
    for epoch in range(3):
        for group in optimizer.param_groups:
            group["lr"] = SHORT.rate_at(epoch)
        losses = []
        drawn = draw_epoch(SHOWN.view, SHOWN.boxes, seed=SEEDS.view, epoch=epoch)
        for indices in batches(IMAGES, 8, seed=SEEDS.student, epoch=epoch):
            pixels = render(PICTURES.batch(indices), drawn.take(indices), size=SIZE)
            loss = F.cross_entropy(theirs(pixels).float(), target[torch.from_numpy(indices)])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    assert same(ours, theirs)
    assert fitted.loss == float(torch.stack(losses).mean())


def test_a_protocol_without_soft_labels_refuses_them():
    plain = Protocol("plain-v1", "", 8, 3, "adamw", 1e-3, 0.0, (0.9, 0.999))
    said = (
        "soft labels were given, but the protocol 'plain-v1' has no temperature and no mixing for "
        "them. Use a protocol for students, such as 'standard-v1', or hard labels."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        train(flat(), soft=Watching(), protocol=plain)
    train(flat(), protocol=plain)
