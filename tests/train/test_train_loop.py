from dataclasses import replace
from math import ceil
from typing import ClassVar

import numpy as np
import pytest
import torch
from loop_toy import (
    CLASSES,
    HERE,
    IMAGES,
    LABELS,
    PICTURES,
    SEEDS,
    SHORT,
    SIZE,
    same,
    student,
    train,
)
from torch import nn

from smallset.train.device import Machine
from smallset.train.loop import Fitted, fit
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds, batches
from smallset.train.views import Canvas, Drawn, EachPatch, Patch, View


@pytest.mark.parametrize("name", ["resnet8", "convnet-d3"])
def test_same_seeds_give_the_same_weights_bit_for_bit(name):
    one, other = student(name), student(name)
    assert train(one).loss == train(other).loss
    assert same(one, other)


@pytest.mark.parametrize("seeds", [StudentSeeds(9, 2), StudentSeeds(1, 9)], ids=["order", "views"])
def test_another_seed_gives_other_weights(seeds):
    one, other = student(), student()
    train(one)
    train(other, seeds=seeds)
    assert not same(one, other)


def test_training_does_not_read_or_move_the_global_random_state():
    one, other = student(), student()
    before = torch.get_rng_state()
    train(one)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    np.random.seed(99)
    train(other)
    assert same(one, other)


def mean_colours(pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
    """Soft labels."""
    return pixels.mean((2, 3)) @ torch.eye(3, CLASSES)


@pytest.mark.parametrize(
    ("kind", "stop", "soft"), [("adamw", 1, None), ("sgd", 2, None), ("adamw", 2, mean_colours)]
)
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(kind, stop, soft, tmp_path):
    protocol = replace(SHORT, optimizer=kind)
    one = student()
    straight = train(one, protocol=protocol, soft=soft)

    begun = student()
    optimizer = protocol.optimizer_for(begun)
    train(begun, protocol=protocol, soft=soft, optimizer=optimizer, epochs=range(stop))
    torch.save({"model": begun.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "s")

    resumed = student(seed=5)
    saved = torch.load(tmp_path / "s", weights_only=True)
    resumed.load_state_dict(saved["model"])
    optimizer = protocol.optimizer_for(resumed)
    optimizer.load_state_dict(saved["optimizer"])
    left = range(stop, 3)
    rest = train(resumed, protocol=protocol, soft=soft, optimizer=optimizer, epochs=left)
    assert same(one, resumed)
    assert rest.loss == straight.loss


def test_a_run_counts_its_steps_images_and_loss():
    reports: list[tuple[str, int, int]] = []
    ended: list[int] = []
    fitted = train(
        student(),
        progress=lambda *report: reports.append(report),
        after_epoch=ended.append,
    )
    assert (fitted.steps, fitted.images) == (9, 57)
    assert fitted.seconds > 0
    assert 0 < fitted.loss < 10
    sizes = [len(part) for part in batches(19, SHORT.batch, seed=SEEDS.student, epoch=0)]
    assert reports == [("train", int(done), 57) for done in np.cumsum(3 * sizes)]
    assert ended == [0, 1, 2]


class Asked:
    """Images that remember which of them were asked for."""

    size = SIZE

    def __init__(self) -> None:
        self.order: list[int] = []

    def __len__(self) -> int:
        return IMAGES

    def batch(self, indices: np.ndarray) -> torch.Tensor:
        self.order += indices.tolist()
        return PICTURES.batch(indices)


def test_every_image_is_seen_once_an_epoch():
    asked = Asked()
    train(student(), Shown.whole(asked, Canvas()))
    for epoch in np.split(np.array(asked.order), 3):
        assert sorted(epoch.tolist()) == list(range(19))


class Watched(nn.Module):
    """A linear network that keeps what it was shown."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.head = nn.Linear(3 * SIZE**2, classes)
        self.shown: list[torch.Tensor] = []
        self.precision = torch.float32

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.shown.append(x.detach())
        logits: torch.Tensor = self.head(x.flatten(1))
        self.precision = logits.dtype
        return logits


class Told(Canvas):
    """A view that notes how it was asked, and shows the image as it is."""

    asked: ClassVar[list[tuple[list[int], int, int]]] = []

    def draw(self, tile_box: np.ndarray, images: np.ndarray, *, seed: int, epoch: int) -> Drawn:
        self.asked.append((images.tolist(), seed, epoch))
        return Drawn(tile_box[images, 0], np.zeros(len(images), bool))


def test_the_view_is_drawn_by_image_and_epoch_and_its_own_seed():
    model = Watched()
    Told.asked.clear()
    train(model, Shown.whole(PICTURES, Told()))
    assert Told.asked == [(list(range(19)), 2, epoch) for epoch in range(3)]
    images = PICTURES.pixels.float() / 255
    order = [
        indices
        for epoch in range(3)
        for indices in batches(19, SHORT.batch, seed=SEEDS.student, epoch=epoch)
    ]
    for indices, shown in zip(order, model.shown, strict=True):
        assert torch.equal(shown, images[indices])


def test_one_step_is_the_optimisers_own_on_the_mean_cross_entropy():
    ours, theirs = Watched(), Watched()
    theirs.load_state_dict(ours.state_dict())
    protocol = replace(SHORT, batch=32, epochs=1)
    fitted = train(ours, Shown.whole(PICTURES, Told()), protocol=protocol)
    optimizer = torch.optim.AdamW(
        [
            {"params": [theirs.head.weight], "weight_decay": 0.01},
            {"params": [theirs.head.bias], "weight_decay": 0.0},
        ],
        1e-3,
    )
    loss = nn.functional.cross_entropy(
        theirs(PICTURES.pixels.float() / 255), torch.from_numpy(LABELS)
    )
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(torch.tensor(fitted.loss), loss.detach())
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
)
def test_the_network_runs_in_the_precision_of_the_machine(precision, dtype):
    model = Watched()
    train(model, machine=Machine("cpu", precision, 1))
    assert model.precision == dtype
    assert model.head.weight.dtype == torch.float32


def test_the_compiled_twin_runs_in_the_models_place():
    model, twin = Watched(), Watched()
    twin.head = model.head
    before = model.head.weight.detach().clone()
    train(model, run=twin)
    assert len(twin.shown) == 9
    assert not model.shown
    assert not torch.equal(model.head.weight, before)


class Breaks(nn.Module):
    """Gives nan from a step on."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, CLASSES))
        self.left = step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        return x.mean((2, 3))[:, :1] * self.scale * (float("nan") if self.left < 0 else 1)


@pytest.mark.parametrize(
    ("step", "epoch", "of"), [(0, 1, 1), (2, 1, 3), (4, 2, 2)], ids=["first", "third", "later"]
)
def test_a_loss_that_is_not_finite_stops_and_says_where(step, epoch, of):
    ended: list[int] = []
    with pytest.raises(FloatingPointError) as caught:
        train(Breaks(step), after_epoch=ended.append)
    assert str(caught.value) == (
        f"the loss became nan in epoch {epoch} of 3, step {of} of 3 (protocol small-v1). "
        "Try --precision float32, or another protocol or student."
    )
    assert ended == list(range(epoch - 1))  # a broken epoch is never reported as done


def colours_shown(view: View) -> tuple[list[int], Fitted]:
    """Train on six canvases, one a class; give the colour of each view: canvas x 40 + tile x 10."""
    tiles = np.array([[[0, 0, 4, 4], [4, 0, 8, 4], [0, 4, 4, 8], [4, 4, 8, 8]]], np.int32)
    pixels = torch.zeros(6, 3, SIZE, SIZE, dtype=torch.uint8)
    for tile, (left, top, right, bottom) in enumerate(tiles[0]):
        for canvas in range(6):
            pixels[canvas, :, top:bottom, left:right] = 40 * canvas + 10 * tile
    model = Watched(classes=6)
    fitted = fit(
        model, Shown(InMemory(pixels), np.tile(tiles, (6, 1, 1)), view), np.arange(6),
        protocol=SHORT, seeds=SEEDS, machine=HERE,
    )  # fmt: skip
    shown = torch.cat(model.shown) * 255
    assert shown.flatten(1).std(1).max() < 1e-4  # one colour a view: one tile
    return [round(value) for value in shown.mean((1, 2, 3)).tolist()], fitted


def test_training_sees_the_patch_of_the_tiles_it_was_given():
    shown, _ = colours_shown(Patch())
    assert {colour % 40 for colour in shown} == {0, 10, 20, 30}
    for epoch in range(SHORT.epochs):
        seen = shown[6 * epoch : 6 * epoch + 6]
        assert sorted(colour // 40 for colour in seen) == list(range(6))  # one view a canvas


def test_an_epoch_of_each_patch_sees_every_tile_of_every_canvas_once():
    shown, fitted = colours_shown(EachPatch())
    orders = [tuple(shown[24 * epoch : 24 * epoch + 24]) for epoch in range(SHORT.epochs)]
    assert all(sorted(order) == list(range(0, 240, 10)) for order in orders)
    assert len({*orders}) == SHORT.epochs
    assert fitted.images == 24 * SHORT.epochs == len(shown)
    assert fitted.steps == ceil(24 / SHORT.batch) * SHORT.epochs


def test_each_view_of_a_canvas_has_the_label_of_that_canvas(monkeypatch):
    told, real = [], torch.nn.functional.cross_entropy

    def watched(logits, target):
        told.extend(target.tolist())
        return real(logits, target)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", watched)
    shown, _ = colours_shown(EachPatch())
    assert told == [colour // 40 for colour in shown]
