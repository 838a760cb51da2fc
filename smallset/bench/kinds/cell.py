"""Students, trained and tested: one on a set, or one on the whole training split."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np

from smallset.bench.cells import MatrixCell, identity_of
from smallset.bench.ground import Ground, Line, Lines
from smallset.bench.kinds.labels import LabelsUnit
from smallset.bench.kinds.pixels import PixelsUnit
from smallset.bench.kinds.sets import SetUnit
from smallset.bench.kinds.teacher import TeacherUnit
from smallset.bench.kinds.unit import (
    Shares,
    Unit,
    check_network,
    expected_views,
    keyed,
    looked_at,
    said,
    training_of,
)
from smallset.bench.rates import FORWARD, Training
from smallset.bench.sweep import AUTO, Sweep
from smallset.bench.teachers import check_teacher
from smallset.cell import Cell, pays_to_compile, train_and_test
from smallset.data import Data
from smallset.desk import Desk
from smallset.exchange.set_data import open_any
from smallset.fingerprint import fingerprint
from smallset.labels import labels_from, labels_spec
from smallset.methods import brief_of
from smallset.models.spec import read_model
from smallset.pipeline import evaluate
from smallset.records import Identity, Result
from smallset.store import PlainSet, Seeds, SetFacts
from smallset.train.protocol import protocol_named
from smallset.train.views import whole_boxes


@dataclass(frozen=True, kw_only=True)
class StudentUnit(Unit):
    """A student. The unit is done if its result exists."""

    def is_done(self, lines: Lines, desk: Desk) -> bool:
        """Return whether the result exists."""
        return self.wanted in lines.results

    def check_line(self, line: Line) -> None:
        """Raise ValueError if the line is not the result of this cell."""
        found = identity_of(line) if isinstance(line, Result) else line
        if found != self.wanted:
            raise ValueError(
                f"{self.asker.name}: the result is of {found}, needed {self.wanted}. "
                "The data changed during the run. Restore the data, and run again."
            )

    @property
    def brief(self) -> str:
        """A short name of the cell."""
        return self.asker.brief


@dataclass(frozen=True, kw_only=True)
class CellUnit(StudentUnit):
    """One student on a set."""

    kind: ClassVar[str] = "cell"
    made: SetUnit
    method: str
    """The spec of the method without default options, as the matrix writes it."""
    teacher: TeacherUnit | None
    """The teacher that labels views during the student's training, if the run trains it."""
    labels: str
    """The spec of the labels, with paths of this machine."""

    @classmethod
    def asked_by(cls, cell: MatrixCell, ground: Ground) -> "CellUnit | None":
        """Return the unit of a cell, or None if all images train its student."""
        if cell.budget is None:
            return None
        made, teacher = SetUnit.of(cell, ground), TeacherUnit.of(cell, ground)
        regime = ground.places.filled(labels_from(cell.identity.labels))
        labels = labels_spec(regime.taught_by(str(teacher.out)) if teacher else regime)
        stored = LabelsUnit.of(cell, ground, labels)
        told = stored or teacher
        return cls(
            asker=cell,
            key=keyed(cell.name, asdict(cell.identity)),
            needs=(PixelsUnit.of(cell, ground, "test"), made, *([told] if told else [])),
            made=made,
            method=brief_of(ground.method_of(cell)),
            teacher=None if stored else teacher,
            labels=labels,
        )

    @classmethod
    def problems(cls, sweep: Sweep, ground: Ground) -> Iterator[str]:
        """Yield a sentence for each impossible student or labels. Fills `ground.weights`."""
        for student in sweep.students:
            wrong = said(check_network, student, sweep, ground)
            yield from wrong or _unsuited(student, sweep)
        for labels in sweep.labels:
            for problem in said(_check_labels, labels, sweep, ground):
                yield f"labels {labels!r}: {problem}"

    def make(self, desk: Desk) -> Result:
        """Train and test the student. Return its result with the names of the matrix."""
        wanted, made = self.wanted, self.made.opened()
        if self.teacher is not None:
            self.teacher.check()
        [result] = evaluate(
            made,
            self.asker.data,
            student=wanted.student,
            protocol=wanted.protocol,
            labels=self.labels,
            seeds=[wanted.student_seed],
            **desk.options,
        )
        # The names of the matrix hold on every machine, unlike the paths of this machine.
        return replace(
            result,
            dataset=wanted.dataset,
            method=self.method,
            spec=wanted.spec,
            labels=wanted.labels,
            teacher=wanted.teacher,
        )

    def shares(self, ground: Ground) -> Shares:
        """Count all views, all tests, and the views that a teacher looks at."""
        wanted, data = self.wanted, ground.data_of(self.asker)
        classes, an_epoch = len(data.train.classes), expected_views(self.asker, ground)
        protocol = protocol_named(wanted.protocol, views=an_epoch)
        views, batch = an_epoch * protocol.epochs, min(protocol.batch, an_epoch)
        tests = max(1, sum(protocol.tests_after(epoch) for epoch in range(protocol.epochs)))
        compiled = pays_to_compile(wanted.student, views)
        student = Training(wanted.student, wanted.size, batch, classes, compiled)
        shares = [(student, views + tests * len(data.test) * FORWARD)]
        if labels_from(self.labels).watched:
            shares += looked_at(views, ground.places.fill(wanted.teacher or ""), student)
        return shares


@dataclass(frozen=True, kw_only=True)
class FullUnit(StudentUnit):
    """One student on the whole training split under hard labels.

    The report compares sets with this student: see HLR in `report.yardsticks`.

    The protocol is standard-v1 with fewer epochs, as its name states. The 300 epochs of a set would
    cost more on the full data than everything else together.
    """

    kind: ClassVar[str] = "full"

    @classmethod
    def asked_by(cls, cell: MatrixCell, ground: Ground) -> "FullUnit | None":
        """Return the student of a cell without a set, or None for another cell."""
        if cell.budget is not None:
            return None
        return cls(
            asker=cell,
            key=keyed(cell.name, asdict(cell.identity)),
            needs=tuple(PixelsUnit.of(cell, ground, split) for split in ("test", "train")),
        )

    def make(self, desk: Desk) -> Result:
        """Train and test the student, with pixels from the cache."""
        wanted, data = self.wanted, open_any(self.asker.data, desk)
        images = desk.decoded(data.train, wanted.size, view=self.asker.sweep.fit)
        held_out = desk.decoded(data.test, wanted.size, view="test")
        protocol = protocol_named(wanted.protocol, views=len(images))
        cell = Cell(whole_split(data, wanted), data, wanted.student, protocol, desk.machine)
        result = train_and_test(cell, wanted.student_seed, images, held_out, desk)
        return replace(result, dataset=wanted.dataset, ipc=None)

    def shares(self, ground: Ground) -> Shares:
        """Count the epochs over the training split, and one test."""
        data, student = ground.data_of(self.asker), self.wanted.student
        images = len(data.train)
        views = images * protocol_named(self.wanted.protocol, views=images).epochs
        training = training_of(self.asker, ground, student)
        compiled = pays_to_compile(student, views)
        return [(replace(training, compiled=compiled), views + len(data.test) * FORWARD)]


def whole_split(data: Data, wanted: Identity) -> PlainSet:
    """Return the training split as a set whose images have one tile each."""
    train, size = data.train, wanted.size
    facts = SetFacts(
        method=wanted.spec,
        spec=wanted.spec,
        seeds=Seeds(wanted.set_seed, wanted.observer_seed),
        classes=train.classes.names,
        counts=tuple(np.bincount(train.labels, minlength=len(train.classes)).tolist()),
        size=size,
        fit=wanted.fit,
        view=wanted.view,
        codec=wanted.codec,
        image_bytes=train.encoded_bytes,
        plan_sha256=wanted.spec,
        made_with={},
    )
    digest = fingerprint(
        [wanted.spec, data.fingerprint, train.split, size, wanted.fit, wanted.view]
    )
    return PlainSet(data.name, digest, facts, train, whole_boxes(len(train), size))


def _unsuited(student: str, sweep: Sweep) -> Iterator[str]:
    """If a student is not pretrained, yield a sentence for each protocol that needs it to be."""
    for name in sweep.protocols:
        if name == AUTO:
            continue
        if protocol_named(name, views=1).pretrained and read_model(student).weights is None:
            yield (
                f"the protocol {name!r} is for a pretrained student, but {student!r} starts from "
                f"fresh weights. Write '{student}(weights=...)', or another protocol."
            )


def _check_labels(labels: str, sweep: Sweep, ground: Ground) -> None:
    """Raise ValueError or OSError if labels are impossible.

    Adds the hash of their teacher to `ground.weights`.
    """
    regime, opened = ground.matrix.regime(labels), ground.data[sweep.data]
    spec = regime.teacher_spec
    if spec is None:
        ground.places.filled(regime).check()
    else:
        names, size = opened.data.train.classes.names, opened.size(sweep.size)
        sha256 = check_teacher(spec, ground.places, classes=names, size=size)
        ground.weights[f"teacher {spec}"] = sha256
