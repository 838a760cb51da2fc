"""Stored labels: what a teacher writes beside a set for the students that learn from it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import ClassVar

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground, Lines
from smallset.bench.kinds.sets import SetUnit
from smallset.bench.kinds.teacher import TeacherUnit
from smallset.bench.kinds.unit import (
    Shares,
    Unit,
    expected_images,
    expected_views,
    keyed,
    looked_at,
    said,
)
from smallset.bench.rates import Training
from smallset.bench.sweep import Sweep
from smallset.cell import views_an_epoch
from smallset.desk import Desk
from smallset.labels import ToStore, labels_from
from smallset.labels.formats import format_from
from smallset.pipeline import label
from smallset.train.protocol import STANDARD_V1, protocol_named


@dataclass(frozen=True, kw_only=True)
class LabelsUnit(Unit):
    """The stored labels of one set.

    `labels` is the spec of the label regime and `teacher` the spec of the teacher, both with paths
    of this machine. `own` is the teacher's unit if the run trains the teacher. `asked` says what
    `smallset.label` has to store. `views` is the number of views that the teacher looks at, and
    `bytes` the size of the stored labels.
    """

    kind: ClassVar[str] = "labels"
    made: SetUnit
    own: TeacherUnit | None
    labels: str
    teacher: str
    asked: ToStore
    views: int
    bytes: int

    @classmethod
    def of(cls, cell: MatrixCell, ground: Ground, labels: str) -> "LabelsUnit | None":
        """Return the labels of a cell, or None if they are not stored or name no teacher.

        `labels` is their spec with paths of this machine.
        """
        made, own = SetUnit.of(cell, ground), TeacherUnit.of(cell, ground)
        regime, wanted = labels_from(labels), cell.identity
        of_epoch = expected_views(cell, ground)
        asked = regime.stored_as(protocol_named(wanted.protocol, views=of_epoch))
        if asked is None or regime.teacher_spec is None:
            return None
        rows = expected_images(cell, ground) if asked.one_per_image else of_epoch
        views, classes = rows * asked.epochs, len(ground.data_of(cell).train.classes)
        facts = {"set": made.key, "teacher": wanted.teacher, **asdict(asked)}
        words = made.brief.removeprefix(f"{made.kind} ")
        return cls(
            asker=cell,
            key=keyed(f"{cls.kind} {words}, {cell.labels}", facts),
            needs=(made, *([own] if own else [])),
            made=made,
            own=own,
            labels=labels,
            teacher=regime.teacher_spec,
            asked=asked,
            views=views,
            bytes=views * format_from(asked.format).row_bytes(classes),
        )

    @classmethod
    def problems(cls, sweep: Sweep, ground: Ground) -> Iterator[str]:
        """Yield a sentence for each format that needs more classes than the data has.

        If the table has a budget in bytes, also yield one for each regime that stores labels.
        """
        classes = len(ground.data[sweep.data].data.train.classes)
        filled = [budget for budget in sweep.budgets if budget.limit is not None]
        for labels in sweep.labels:
            asked = ground.matrix.regime(labels).stored_as(STANDARD_V1)
            if asked is not None:
                if filled:
                    yield (
                        f"labels {labels!r}: {filled[0]} is for the images and the stored labels "
                        "together, but the images use all of it. Give ipc or keep, or labels that "
                        "are not stored."
                    )
                for problem in said(format_from(asked.format).row_bytes, classes):
                    yield f"labels {labels!r}: {problem}"

    def is_done(self, lines: Lines, desk: Desk) -> bool:
        """Return whether the labels are there and whole."""
        try:
            made = self.made.opened()
            protocol = protocol_named(self.wanted.protocol, views=views_an_epoch(made))
            labels_from(self.labels).open(made, protocol)
        except (ValueError, OSError):
            return False
        return True

    def make(self, desk: Desk) -> None:
        """Let the teacher write the labels, or those that are missing."""
        if self.own is not None:
            self.own.check()
        label(self.made.opened(), teacher=self.teacher, **asdict(self.asked), **desk.options)

    def shares(self, ground: Ground) -> Shares:
        """Count the views that the teacher looks at."""
        wanted, images = self.wanted, expected_images(self.asker, ground)
        batch = min(protocol_named(wanted.protocol, views=images).batch, images)
        classes = len(ground.data_of(self.asker).train.classes)
        like = Training(wanted.student, wanted.size, batch, classes)
        return looked_at(self.views, ground.places.fill(wanted.teacher or ""), like)

    def run_bytes(self, lines: Lines) -> int:
        """Count the bytes of the labels."""
        return self.bytes
