"""A cell: one student trained on one set under one protocol and tested on held-out data."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from smallset.data import Data, pixel_cache
from smallset.methods import view_from
from smallset.models import Network, build_model, worth_compiling
from smallset.records import Progress, Result
from smallset.seeds import derive
from smallset.store import CompressedDataset, smallset_version
from smallset.train import loop
from smallset.train.device import Machine, can_compile, hardware
from smallset.train.evaluation import accuracy
from smallset.train.protocol import Protocol
from smallset.train.versions import component_versions

# From about so many views on, a compiled network has earned back the compiler's seconds. The rule
# looks at one student alone, so a resumed run computes what an uninterrupted one does.
_COMPILE_FROM_VIEWS = 20_000


@dataclass(frozen=True)
class Desk:
    """Where the work is done and kept, and who is told."""

    machine: Machine
    work: Path
    workers: int
    progress: Progress | None


@dataclass(frozen=True)
class Cell:
    """A set, the data it is tested on, a student and a protocol: all of a result but the seed."""

    set: CompressedDataset
    data: Data
    student: str
    protocol: Protocol
    machine: Machine

    @property
    def compiles(self) -> bool:
        """Whether the student is worth compiling, and can be."""
        views = len(self.set) * self.protocol.epochs
        worth = worth_compiling(self.student) and views >= _COMPILE_FROM_VIEWS
        return worth and can_compile(self.machine.device)

    def fingerprint(self, seed: int) -> str:
        """Name a result by everything its numbers depend on."""
        facts = {
            "versions": component_versions(),
            "set": self.set.manifest.digest,
            "data": self.data.fingerprint,
            "student": self.student,
            "protocol": {k: v for k, v in asdict(self.protocol).items() if k != "line"},
            "seed": seed,
            "device": self.machine.kind,
            "precision": self.machine.precision,
            "threads": self.machine.threads,
            "compiled": self.compiles,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def load_pixels(cell: Cell, desk: Desk, *, cache: bool) -> tuple[loop.InMemory, loop.Images]:
    """Give the set's images on the device, and the held-out images at their size."""
    test = pixel_cache(
        cell.data.test,
        cell.set.manifest.size,
        view="test",
        work=desk.work if cache else None,
        workers=desk.workers,
        progress=desk.progress,
    )
    pixels = torch.from_numpy(cell.set.images(workers=desk.workers)).to(desk.machine.device)
    return loop.InMemory(pixels.permute(0, 3, 1, 2)), test


def train_and_test(
    cell: Cell, seed: int, images: loop.InMemory, test: loop.Images, desk: Desk
) -> Result:
    """Train the student that `seed` makes and test it."""
    manifest, data, here = cell.set.manifest, cell.data, desk.machine
    classes, size = len(manifest.classes), manifest.size
    model = build_model(cell.student, classes=classes, size=size, seed=derive(seed, "weights"))
    # Eager, the library's instance norm is a fifth faster in the contiguous layout.
    here.place(model, channels_last=cell.compiles or not model.worth_compiling)
    fitted = loop.fit(
        model,
        images,
        cell.set.labels,
        cell.set.tile_box,
        protocol=cell.protocol,
        view=view_from(manifest.view),
        seeds=loop.Order(student=derive(seed, "order"), view=derive(seed, "view")),
        machine=here,
        run=_compiled(model) if cell.compiles else model,
        progress=desk.progress,
    )
    found = accuracy(
        model, test, data.test.labels, classes=classes, machine=here, progress=desk.progress
    )
    return Result(
        fingerprint=cell.fingerprint(seed),
        dataset=data.name,
        data_fingerprint=data.fingerprint,
        held_out=data.held_out,
        method=manifest.method,
        spec=manifest.spec,
        plan_sha256=manifest.plan_sha256,
        source_fingerprint=manifest.source.fingerprint,
        codec=manifest.codec,
        fit=manifest.fit,
        classes=manifest.classes,
        ipc=manifest.ipc,
        images=len(cell.set),
        size=size,
        view=manifest.view,
        labels="hard",
        teacher=None,
        teacher_top1=None,
        student=cell.student,
        protocol=cell.protocol.name,
        set_seed=manifest.seeds.set,
        observer_seed=manifest.seeds.observer,
        student_seed=seed,
        top1=found.top1,
        top5=found.top5,
        per_class=tuple(found.per_class.tolist()),
        loss=fitted.loss,
        steps=fitted.steps,
        seconds=round(fitted.seconds, 3),
        images_per_second=round(fitted.images / fitted.seconds, 1),
        image_bytes=manifest.image_bytes,
        label_bytes=0,
        teacher_bytes=0,
        source_images=len(data.train),
        source_bytes=data.train.encoded_bytes,
        precision=here.precision,
        device=here.kind,
        threads=here.threads,
        hardware=hardware(here.device),
        compiled=cell.compiles,
        versions={
            "smallset": smallset_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )


def _compiled(model: Network) -> torch.nn.Module:
    compiled: torch.nn.Module = torch.compile(model, dynamic=False)  # type: ignore[assignment]
    return compiled
