"""A cell: train one student on one set under one protocol, and test it on held-out data."""

from dataclasses import dataclass, replace

import numpy as np

from smallset.data import Data, pixel_cache
from smallset.desk import Desk
from smallset.fingerprint import fingerprint
from smallset.labels import Hard, OpenLabels, labels_spec, teacher_top1
from smallset.models import Teacher, build_model, library_of, weights_sha256, worth_compiling
from smallset.models.spec import read_model
from smallset.records import Cost, Result, part
from smallset.seeds import derive
from smallset.store import TrainingSet
from smallset.train import loop
from smallset.train.device import Machine, can_compile, compiled_twin, hardware
from smallset.train.evaluation import Accuracy, accuracy
from smallset.train.mix import MIX_VERSION
from smallset.train.processes import first_alone
from smallset.train.protocol import StudentProtocol
from smallset.train.run import component_versions, versions_behind
from smallset.train.shown import Images, InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import view_from

# From about this many views on, a compiled network saves more seconds than the compiler takes. The
# rule looks at one student alone, so that a resumed run decides as an uninterrupted one.
COMPILE_FROM_VIEWS = 20_000

IN_MEMORY_BYTES = 1 << 30
"""Sets with more bytes of decoded pixels stay on disk while a student trains."""


@dataclass(frozen=True)
class Cell:
    """Everything that decides a result, except the student seed.

    Students train on `set` and are tested on the held-out images of `data`. Raises ValueError if
    the protocol is for a pretrained student and this student is not pretrained.
    """

    set: TrainingSet
    data: Data
    student: str
    protocol: StudentProtocol
    machine: Machine
    labels: OpenLabels = OpenLabels(regime=Hard())

    def __post_init__(self) -> None:
        if self.protocol.pretrained and read_model(self.student).weights is None:
            raise ValueError(
                f"the protocol {self.protocol.name!r} is for a pretrained student, but "
                f"{self.student!r} starts from fresh weights. Give '{self.student}(weights=...)', "
                "or choose another protocol."
            )

    @property
    def compiles(self) -> bool:
        """Whether the student is compiled: if compiling is possible and saves time."""
        views = views_an_epoch(self.set) * self.protocol.epochs
        return pays_to_compile(self.student, views) and can_compile(self.machine.device)

    def fingerprint(self, seed: int) -> str:
        """Return a hash of everything that the numbers of a result depend on.

        Facts that later versions added are left out if they have no effect, so that the
        fingerprints of older results stay valid.
        """
        labels, soft = self.labels, self.labels.regime.soft
        facts: dict[str, object] = {
            "versions": component_versions() | library_of(self.student),
            "set": self.set.digest,
            "data": self.data.fingerprint,
            "student": self.student,
            "protocol": self.protocol.facts(self.student, soft=soft),
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
        if soft:
            name = labels_spec(labels.regime).partition("(")[0]
            facts["labels"] = {"regime": name, "mix": MIX_VERSION, **labels.facts}
        if labels.view_seed is not None:
            facts["view_seed"] = labels.view_seed
        return fingerprint(facts)


def views_an_epoch(made: TrainingSet) -> int:
    """Return how many views a student sees in one epoch of a set."""
    return made.facts.images * view_from(made.facts.view).an_epoch(made.tile_box.shape[1])


def pays_to_compile(student: str, views: int) -> bool:
    """Return whether compiling saves time for a student that sees this many views."""
    return worth_compiling(student) and views >= COMPILE_FROM_VIEWS


def load_pixels(cell: Cell, desk: Desk) -> tuple[Images, Images]:
    """Return the images of the set (see `set_pixels`) and the held-out images, decoded."""
    test = desk.decoded(cell.data.test, cell.set.facts.size, view="test")
    return set_pixels(cell.set, desk), test


def set_pixels(made: TrainingSet, desk: Desk) -> Images:
    """Return the images of a set, decoded.

    The images are on the device, or on disk if they exceed `IN_MEMORY_BYTES`. Results do not depend
    on where they are.
    """
    size = made.facts.size
    many = made.facts.images * size**2 * 3 > IN_MEMORY_BYTES
    images = pixel_cache(
        made.dataset,
        size,
        view=made.facts.fit,
        resample=made.resample,
        work=desk.pixels if many else None,
        workers=desk.workers,
        progress=desk.progress,
    )
    if many:
        return images
    return InMemory(images.batch(np.arange(len(images))).to(desk.machine.device))


def train_and_test(
    cell: Cell,
    seed: int,
    images: Images,
    test: Images,
    desk: Desk,
    *,
    place: tuple[int, int] = (0, 1),
) -> Result:
    """Train the student with this seed on `images`, test it on `test`, and return its result.

    `place` is the student's number (from 0) and the number of students, which the progress shows.
    Raises ValueError before any training if the teacher is near chance.
    """

    def measured(teacher: Teacher) -> float:
        return teacher_top1(
            teacher,
            test,
            cell.data.test.labels,
            data=cell.data.fingerprint,
            machine=desk.machine,
            work=desk.work,
            progress=desk.progress,
        )

    known = first_alone(lambda: cell.labels.teacher_top1(measured))
    own = replace(desk, progress=part(desk.progress, *place, "student"))
    fitted, found = _fit(cell, seed, images, test, own)
    return _result(cell, seed, fitted, found, teacher_top1=known)


def _result(
    cell: Cell, seed: int, fitted: loop.Fitted, found: Accuracy, *, teacher_top1: float | None
) -> Result:
    facts, data, here, labels = cell.set.facts, cell.data, cell.machine, cell.labels
    return Result(
        fingerprint=cell.fingerprint(seed),
        dataset=data.name,
        data_fingerprint=data.fingerprint,
        held_out=data.held_out,
        method=facts.method,
        spec=facts.spec,
        plan_sha256=facts.plan_sha256,
        source_fingerprint=cell.set.origin,
        codec=facts.codec,
        fit=facts.fit,
        classes=facts.classes,
        vanished=facts.vanished,
        ipc=facts.ipc,
        images=facts.images,
        size=facts.size,
        view=facts.view,
        budget=facts.budget,
        labels=labels_spec(labels.regime),
        teacher=labels.teacher,
        teacher_sha256=labels.teacher_sha256,
        teacher_top1=teacher_top1,
        student=cell.student,
        protocol=cell.protocol.name,
        set_seed=facts.seeds.set,
        observer_seed=facts.seeds.observer,
        student_seed=seed,
        top1=found.top1,
        top5=found.top5,
        per_class=tuple(found.per_class.tolist()),
        loss=fitted.loss,
        steps=fitted.steps,
        seconds=round(fitted.seconds, 3),
        images_per_second=round(fitted.images / fitted.seconds, 1),
        cost=Cost(facts.image_bytes, labels.label_bytes, labels.teacher_bytes),
        source_images=len(data.train),
        source_bytes=data.train.encoded_bytes,
        precision=here.precision,
        device=here.kind,
        threads=here.threads,
        hardware=hardware(here.device, here.processes),
        compiled=cell.compiles,
        view_seed=labels.view_seed,
        versions={
            **versions_behind(cell.student),
            # The version of the records of the observer that chose the set, if any.
            **{name: v for name, v in facts.made_with.items() if name == "records"},
        },
    )


def _fit(
    cell: Cell, seed: int, images: Images, test: Images, desk: Desk
) -> tuple[loop.Fitted, Accuracy]:
    """Train one student. Return its run and its best test.

    A protocol without tests between epochs has one test, at the end.
    """
    facts, here = cell.set.facts, desk.machine
    model = build_model(
        cell.student,
        classes=len(facts.classes),
        size=facts.size,
        seed=derive(seed, "weights"),
    )
    # Without a compiler, the library's instance norm is a fifth faster in the contiguous layout.
    here.place(model, channels_last=cell.compiles or not model.worth_compiling)
    tests: list[Accuracy] = []
    times = sum(map(cell.protocol.tests_after, range(cell.protocol.epochs)))

    def tested() -> Accuracy:
        return accuracy(
            model,
            test,
            cell.data.test.labels,
            classes=len(facts.classes),
            machine=here,
            progress=part(desk.progress, len(tests), max(1, times)),
        )

    def peek(epoch: int) -> None:
        if cell.protocol.tests_after(epoch):
            tests.append(tested())

    labels = cell.labels
    shown = Shown(
        images, cell.set.tile_box, view_from(facts.view), mixed=labels.mixed, pool=labels.pool
    )
    with loop.random_layers(seed):
        fitted = loop.fit(
            model,
            shown,
            cell.set.dataset.labels,
            protocol=cell.protocol.suited_to(cell.student),
            seeds=StudentSeeds.of(seed, labels.view_seed),
            machine=here,
            run=compiled_twin(model) if cell.compiles else model,
            soft=labels.soft(here),
            progress=desk.progress,
            after_epoch=peek,
        )

    return first_alone(lambda: (fitted, max(tests or [tested()], key=lambda found: found.top1)))
