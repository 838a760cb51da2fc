"""The training loop against its limit: the same model stepping on one fixed batch.

`smallset.train.loop.fit` draws views, gathers images, renders, steps and sums losses. The peer only
steps, with the same weights, optimiser, autocast and memory layout, on a batch in memory. ConvNets
run compiled if a compiler is found, as `evaluate` runs them. Target: at least 0.90. The last two
cases are sets on disk with 117 images of each class, in PNG files or on sheets (target: 0.95).

    python benchmarks/loop.py [--threads 1] [--json FILE]
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from paired import Session, parser
from steps import FixedBatch
from torch import nn

from smallset import compress
from smallset.cell import set_pixels
from smallset.data import from_arrays
from smallset.desk import desk_for
from smallset.models import build_model
from smallset.models.network import Network
from smallset.train.device import Machine, can_compile, compiled_twin
from smallset.train.loop import fit
from smallset.train.protocol import SMALL_V1
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import VIEWS, View, view_from

# student, side in pixels, steps a round. A round takes about a second of one core, more at 224 px.
CASES = (("convnet-d3", 32, 10), ("resnet8", 32, 20), ("resnet10", 96, 3), ("resnet18", 224, 1))
CLASSES, FACTOR, IPC = 10, 2, 117
SETS = {"PNG": ("random", "png"), "sheets": ("pack(select=random)", "webp:50")}


def main() -> None:
    session = Session(parser(__doc__, rounds=7))
    desk = session.desk
    for student, size, steps in CASES:
        for view in VIEWS:
            name = f"{student}, {size} px, {view} view"
            if session.wants(name):
                shown = noise(size, steps * SMALL_V1.batch, VIEWS[view](), desk)
                measure(name, student, shown, np.arange(len(shown.images)) % CLASSES, session)
    for kind in SETS:
        name = f"convnet-d3, 32 px, a set of {kind}"
        if session.wants(name):
            measure(name, "convnet-d3", *on_disk(kind, desk), session)
    session.write()


def noise(size: int, images: int, view: View, desk: Machine) -> Shown:
    """Return random canvases of several tiles."""
    draw = np.random.default_rng(0)
    pixels = torch.from_numpy(draw.integers(0, 256, (images, size, size, 3), dtype=np.uint8))
    held = InMemory(pixels.permute(0, 3, 1, 2).contiguous().to(desk.device))
    tile_box = np.broadcast_to(_tiles(size), (images, FACTOR**2, 4))
    return Shown(held, tile_box, view)


def on_disk(kind: str, desk: Machine) -> tuple[Shown, np.ndarray]:
    """Write a set of random images. Return what `evaluate` shows a student, and the labels."""
    method, codec = SETS[kind]
    pixels = np.random.default_rng(0).integers(0, 256, (CLASSES * 150, 32, 32, 3), dtype=np.uint8)
    source = from_arrays(pixels, np.arange(len(pixels)) % CLASSES)
    with TemporaryDirectory() as folder:
        at = desk_for(work=Path(folder), device=desk.device, workers=desk.threads)
        options = at.options
        made = compress(
            source, Path(folder) / "set", method=method, codec=codec, ipc=IPC, **options
        )
        held = set_pixels(made, at)
        return Shown(held, made.tile_box, view_from(made.facts.view)), made.dataset.labels


def measure(name: str, student: str, shown: Shown, labels: np.ndarray, session: Session) -> None:
    """Compare one epoch of `fit` with the same number of steps on a fixed batch."""
    desk = session.desk
    steps, size = -(-len(labels) // SMALL_V1.batch), shown.images.size
    model = build_model(student, classes=CLASSES, size=size, seed=0)
    desk.place(model)
    twin = copy.deepcopy(model)
    run, twin_run = _run(model, desk), _run(twin, desk)
    optimizer = SMALL_V1.optimizer_for(model)
    limit = FixedBatch(
        twin_run, SMALL_V1.optimizer_for(twin), desk, batch=SMALL_V1.batch, size=size
    )
    protocol = replace(SMALL_V1, epochs=1_000_000)
    epochs: Iterator[int] = iter(range(protocol.epochs))

    def ours() -> int:
        epoch = next(epochs)
        fitted = fit(
            model,
            shown,
            labels,
            protocol=protocol,
            seeds=StudentSeeds(student=0, view=0),
            machine=desk,
            run=run,
            optimizer=optimizer,
            epochs=range(epoch, epoch + 1),
        )
        return fitted.images

    session.compare(name, ours, lambda: limit.train(steps))


def _run(model: Network, desk: Machine) -> nn.Module:
    worth = model.worth_compiling and can_compile(desk.device)
    return compiled_twin(model) if worth else model


def _tiles(size: int) -> np.ndarray:
    edges = [(k * size) // FACTOR for k in range(FACTOR + 1)]
    boxes = [
        (edges[x], edges[y], edges[x + 1], edges[y + 1])
        for y in range(FACTOR)
        for x in range(FACTOR)
    ]
    return np.array(boxes, np.int32)


if __name__ == "__main__":
    main()
