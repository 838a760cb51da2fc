"""Storing labels against the teacher alone, and learning from stored labels against hard ones.

The first block fills a store: views are drawn, rendered and mixed, and logits are encoded and
written in shards. The peer is the teacher's forward pass on pixels that are ready. The second block
trains a student from a store. Its first peer is the same student with hard labels, its second peer
is the same student with logits in memory. The ratio to the second peer is the price of reading
alone, since both mix their views.

    python benchmarks/labels.py [--threads 1] [--clock cpu] [--json FILE]
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from paired import Session, parser

from smallset.labels.formats import format_from, format_spec
from smallset.labels.kept import KeptLabels
from smallset.labels.regime import Hard
from smallset.labels.relabel import fill
from smallset.labels.shards import LabelCard, LabelStore, begin, rows_a_shard
from smallset.models import Teacher, build_model
from smallset.models.network import TeacherNetwork
from smallset.train.device import Machine
from smallset.train.evaluation import inference_batch
from smallset.train.loop import SoftLabels, fit
from smallset.train.protocol import STANDARD_V1
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import Canvas

# teacher or student, side, classes, images, epochs
STORED = (
    ("resnet20", 32, 10, 500, 4),
    ("resnet18-3x3", 32, 100, 128, 2),
    ("resnet18", 224, 1000, 20, 4),
)
LEARNED = (
    ("convnet-d3", 32, 10, 500, 2),
    ("resnet8", 32, 1000, 500, 4),
    ("resnet18", 224, 1000, 16, 2),
)
FORMATS = ("float16", "int8", "top(k=10)")


def main() -> None:
    session = Session(parser(__doc__, rounds=5))
    with tempfile.TemporaryDirectory() as folder:
        for case in STORED:
            storing(*case, Path(folder), session)
        for case in LEARNED:
            learning(*case, Path(folder), session)
    session.write()


def storing(
    model: str, size: int, classes: int, m: int, epochs: int, folder: Path, session: Session
) -> None:
    """Time filling a store against the teacher's forward passes alone, for each format."""
    desk = session.desk
    teacher, seen = known(model, classes, size), images(m, size, desk)
    network = desk.place(teacher.network).eval()
    batch = min(inference_batch(size), m * epochs)
    ready = torch.rand(batch, 3, size, size, device=desk.device)
    ready = ready.contiguous(memory_format=torch.channels_last)

    def alone() -> int:
        with torch.inference_mode(), desk.autocast():
            for start in range(0, m * epochs, batch):
                network(ready[: min(batch, m * epochs - start)]).float().cpu()
        return m * epochs

    for form in FORMATS:
        name = f"store {form}, {model}, {size} px, {classes} classes"

        def stored(form: str = form) -> int:
            store = empty(folder, form, m, size, classes, epochs)
            fill(store, teacher, seen, desk)
            shutil.rmtree(store.folder)
            return m * epochs

        session.compare(name, stored, alone)


def learning(
    model: str, size: int, classes: int, m: int, epochs: int, folder: Path, session: Session
) -> None:
    """Time a student with stored labels against hard labels, and against logits in memory."""
    desk = session.desk
    seen, rules = images(m, size, desk), replace(STANDARD_V1, epochs=epochs, batch=min(128, m))
    store = empty(folder, "float16", m, size, classes, epochs)
    logits = np.random.default_rng(0).normal(0, 5, (m * epochs, classes)).astype(np.float32)
    for shard in store.shards:
        store.write(shard, store.form.encode(logits[shard.start : shard.stop]))
    kept = KeptLabels(regime=Hard(), store=store)
    held = torch.from_numpy(logits).to(desk.device)

    def in_memory(pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
        return held[torch.from_numpy(epoch * m + indices).to(held.device)]

    def student(soft: SoftLabels | None) -> Callable[[], int]:
        network = desk.place(build_model(model, classes=classes, size=size, seed=0))

        def train() -> int:
            fit(
                network, seen, np.arange(m) % classes, protocol=rules,
                seeds=StudentSeeds.of(0, 0), machine=desk, soft=soft,
            )  # fmt: skip
            return m * epochs

        return train

    name = f"{model}, {size} px, {classes} classes"
    stored = student(kept)
    session.compare(f"stored against hard, {name}", stored, student(None))
    session.compare(f"stored against memory, {name}", stored, student(in_memory))


def known(model: str, classes: int, size: int) -> Teacher:
    """Return a teacher with fresh weights."""
    net = build_model(model, classes=classes, size=size, seed=0)
    shown = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
    network = TeacherNetwork(net, outputs=tuple(range(classes)), size=None, **shown)
    return Teacher(model, network, 0, "")


def images(m: int, size: int, desk: Machine) -> Shown:
    """Return `m` images of noise under the canvas view."""
    pixels = np.random.default_rng(0).integers(0, 256, (m, 3, size, size), dtype=np.uint8)
    return Shown.whole(InMemory(torch.from_numpy(pixels).to(desk.device)), Canvas())


def empty(folder: Path, form: str, m: int, size: int, classes: int, epochs: int) -> LabelStore:
    """Return a label store without shards, for `m` images and `epochs` epochs."""
    known = format_from(form)
    card = LabelCard(
        set="noise", set_digest="noise", view="canvas", images=m, of_each=1, size=size,
        classes=tuple(map(str, range(classes))), epochs=epochs, view_seed=0, mix_alpha=1.0,
        format=format_spec(known), teacher="noise", teacher_sha256="noise", teacher_bytes=0,
        made_with={}, rows_a_shard=rows_a_shard(known.row_bytes(classes)),
    )  # fmt: skip
    return begin(folder, card)


if __name__ == "__main__":
    main()
