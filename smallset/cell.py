"""A cell: one student trained on one set under one protocol and tested on held-out data."""

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smallset.data import Data, pixel_cache
from smallset.fingerprint import fingerprint
from smallset.labels import Hard, Online, OnlineLabels, Regime, teacher_top1
from smallset.lazy import torch
from smallset.methods import view_from
from smallset.models import (
    Teacher,
    build_model,
    library_of,
    weights_sha256,
    worth_compiling,
)
from smallset.models.spec import read_model
from smallset.records import Progress, Result, part
from smallset.seeds import derive
from smallset.store import CompressedDataset, smallset_version
from smallset.store.set_pixels import pixel_bytes, set_pixels
from smallset.train import loop
from smallset.train.device import Machine, can_compile, compiled_twin, hardware
from smallset.train.evaluation import Accuracy, accuracy
from smallset.train.mix import MIX_VERSION
from smallset.train.processes import first_alone
from smallset.train.protocol import StudentProtocol
from smallset.train.versions import component_versions

# From about so many views on, a compiled network has earned back the compiler's seconds. The rule
# looks at one student alone, so a resumed run computes what an uninterrupted one does.
COMPILE_FROM_VIEWS = 20_000

IN_MEMORY_BYTES = 1 << 30
"""Sets of more decoded pixels than this stay on disk while a student trains on them."""


@dataclass(frozen=True)
class Desk:
    """Where the work is done and kept, and who is told.

    `opened` is told of the data as soon as the data is opened.
    """

    machine: Machine
    work: Path
    workers: int
    progress: Progress | None
    opened: Callable[[Data], None] | None = None


@dataclass(frozen=True)
class Cell:
    """A set, the data it is tested on, a student, a protocol and labels: a result but its seed.

    Online labels come with their loaded `teacher`, the other regimes with none. Raises ValueError
    where they don't, or where the protocol is for a pretrained student and this one is not.
    """

    set: CompressedDataset
    data: Data
    student: str
    protocol: StudentProtocol
    machine: Machine
    labels: Regime = Hard()
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        if self.protocol.pretrained and read_model(self.student).weights is None:
            raise ValueError(
                f"the protocol {self.protocol.name!r} is for a pretrained student, but "
                f"{self.student!r} starts from fresh weights. Give it some: "
                f"'{self.student}(weights=...)', or choose another protocol."
            )
        wanted = self.labels.teacher if isinstance(self.labels, Online) else None
        given = self.teacher.spec if self.teacher else None
        if wanted != given:
            needed = f"the teacher {wanted!r}" if wanted else "no teacher"
            raise ValueError(
                f"{self.labels.name} labels need {needed}, but {given or 'none'!r} was loaded. "
                "Load the teacher that the labels name, and no other."
            )

    @property
    def compiles(self) -> bool:
        """Whether the student is worth compiling, and can be."""
        of_image = view_from(self.set.manifest.view).an_epoch(self.set.tile_box.shape[1])
        views = len(self.set) * of_image * self.protocol.epochs
        worth = worth_compiling(self.student) and views >= COMPILE_FROM_VIEWS
        return worth and can_compile(self.machine.device)

    def fingerprint(self, seed: int) -> str:
        """Name a result by everything its numbers depend on."""
        facts: dict[str, object] = {
            "versions": component_versions() | library_of(self.student),
            "set": self.set.manifest.digest,
            "data": self.data.fingerprint,
            "student": self.student,
            "protocol": self.protocol.facts(self.student, soft=self.teacher is not None),
            "seed": seed,
            "device": self.machine.kind,
            "precision": self.machine.precision,
            "threads": self.machine.threads,
            "compiled": self.compiles,
        }
        weights = weights_sha256(self.student)
        if weights is not None:
            facts["weights"] = weights
        if self.machine.processes > 1:
            facts["processes"] = self.machine.processes
        if self.teacher is not None:  # hard results keep the names they had before there were soft
            facts["labels"] = {
                "regime": self.labels.name,
                "mix": MIX_VERSION,
                "sha256": self.teacher.sha256,
            }
        return fingerprint(facts)


def load_pixels(cell: Cell, desk: Desk, *, cache: bool) -> tuple[loop.Images, loop.Images]:
    """Give the set's images (on the device, or on disk where they are many) and the held-out ones.

    The numbers of a training do not depend on where they are.
    """
    work = desk.work if cache else None
    test = pixel_cache(
        cell.data.test,
        cell.set.manifest.size,
        view="test",
        work=work,
        workers=desk.workers,
        progress=desk.progress,
    )
    if pixel_bytes(cell.set) > IN_MEMORY_BYTES:
        mapped = set_pixels(cell.set, work=work, workers=desk.workers, progress=desk.progress)
        return mapped, test
    pixels = torch.from_numpy(cell.set.images(workers=desk.workers)).to(desk.machine.device)
    return loop.InMemory(pixels.permute(0, 3, 1, 2)), test


def train_and_test(
    cell: Cell,
    seed: int,
    images: loop.Images,
    test: loop.Images,
    desk: Desk,
    *,
    place: tuple[int, int] = (0, 1),
) -> Result:
    """Train the student that `seed` makes and test it.

    `place` is the student's number among those that are trained, from 0, and their count.

    Raises ValueError, before any training, for a teacher that is near chance.
    """
    manifest, data, here, teacher = cell.set.manifest, cell.data, desk.machine, cell.teacher
    known = first_alone(lambda: _teachers_own(cell, test, desk))
    own = replace(desk, progress=part(desk.progress, *place, "student"))
    fitted, found = _fit(cell, seed, images, test, own)
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
        vanished=manifest.vanished,
        ipc=manifest.ipc,
        images=len(cell.set),
        size=manifest.size,
        view=manifest.view,
        labels=cell.labels.name,
        teacher=teacher.spec if teacher else None,
        teacher_sha256=teacher.sha256 if teacher else None,
        teacher_top1=known,
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
        teacher_bytes=teacher.bytes if teacher else 0,
        source_images=len(data.train),
        source_bytes=data.train.encoded_bytes,
        precision=here.precision,
        device=here.kind,
        threads=here.threads,
        hardware=hardware(here.device, here.processes),
        compiled=cell.compiles,
        versions={
            "smallset": smallset_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            **library_of(cell.student),
            # The observer's that the set rests on, if any.
            **{name: v for name, v in manifest.made_with.items() if name == "records"},
        },
    )


def _fit(
    cell: Cell, seed: int, images: loop.Images, test: loop.Images, desk: Desk
) -> tuple[loop.Fitted, Accuracy]:
    """Train one student; give its run and, of its tests, the last or the one that counts."""
    manifest, here = cell.set.manifest, desk.machine
    model = build_model(
        cell.student,
        classes=len(manifest.classes),
        size=manifest.size,
        seed=derive(seed, "weights"),
    )
    # Eager, the library's instance norm is a fifth faster in the contiguous layout.
    here.place(model, channels_last=cell.compiles or not model.worth_compiling)
    tests: list[Accuracy] = []
    times = sum(map(cell.protocol.tests_after, range(cell.protocol.epochs)))

    def tested() -> Accuracy:
        return accuracy(
            model,
            test,
            cell.data.test.labels,
            classes=len(manifest.classes),
            machine=here,
            progress=part(desk.progress, len(tests), max(1, times)),
        )

    def peek(epoch: int) -> None:
        if cell.protocol.tests_after(epoch):
            tests.append(tested())

    with loop.random_layers(seed):
        fitted = loop.fit(
            model,
            images,
            cell.set.labels,
            cell.set.tile_box,
            protocol=cell.protocol.suited_to(cell.student),
            view=view_from(manifest.view),
            seeds=loop.Order(student=derive(seed, "order"), view=derive(seed, "view")),
            machine=here,
            run=compiled_twin(model) if cell.compiles else model,
            soft=OnlineLabels(cell.teacher, here) if cell.teacher else None,
            progress=desk.progress,
            after_epoch=peek,
        )

    def counted() -> tuple[loop.Fitted, Accuracy]:
        if tests:
            return fitted, max(tests, key=lambda found: found.top1)
        return fitted, tested()

    return first_alone(counted)


def _teachers_own(cell: Cell, test: loop.Images, desk: Desk) -> float | None:
    """Give the teacher's top-1 on the images that judge its student, where there is a teacher."""
    if cell.teacher is None:
        return None
    return teacher_top1(
        cell.teacher,
        test,
        cell.data.test.labels,
        data=cell.data.fingerprint,
        machine=desk.machine,
        work=desk.work,
        progress=desk.progress,
    )
