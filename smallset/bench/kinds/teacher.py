"""Teachers: networks for soft labels that the bench trains on the full data of a table."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground
from smallset.bench.kinds.pixels import PixelsUnit
from smallset.bench.kinds.unit import Shares, Unit, check_same, keyed, training_of
from smallset.bench.rates import FORWARD
from smallset.bench.teachers import Own, own_teacher
from smallset.desk import Desk
from smallset.models.trained import read_trained
from smallset.pipeline import train_teacher


@dataclass(frozen=True, kw_only=True)
class TeacherUnit(Unit):
    """A teacher `train(model=..., epochs=...)`, kept in the run folder."""

    kind: ClassVar[str] = "teacher"
    folder: ClassVar[str | None] = "teachers"
    out: Path
    own: Own

    @classmethod
    def of(cls, cell: MatrixCell, ground: Ground) -> "TeacherUnit | None":
        """Return the teacher of a cell's labels, or None if the bench trains none."""
        wanted, teachers = cell.identity, ground.matrix.teachers
        own = own_teacher(wanted.teacher or "")
        if own is None:
            return None
        name = next((n for n, spec in teachers.items() if spec == wanted.teacher), wanted.teacher)
        facts = {
            "teacher": wanted.teacher,
            "data": wanted.data_fingerprint,
            "size": wanted.size,
            "fit": wanted.fit,
            **ground.facts,
        }
        key = keyed(f"{cls.kind} {wanted.dataset} {wanted.size} px, {name}", facts)
        return cls(
            asker=cell,
            key=key,
            needs=tuple(PixelsUnit.of(cell, ground, split) for split in ("train", "test")),
            out=cls.place(ground, key),
            own=own,
        )

    def make(self, desk: Desk) -> None:
        """Train the teacher if it is missing."""
        size, fit = self.wanted.size, self.asker.sweep.fit
        if not self.out.exists():
            train_teacher(
                self.asker.data, self.out, **asdict(self.own), size=size, fit=fit, **desk.options
            )

    def check(self) -> None:
        """Raise ValueError if the folder holds another teacher."""
        made = read_trained(self.out)
        found = {
            "model": made.model,
            "recipe": made.recipe.get("name"),
            "epochs": made.epochs,
            "seed": made.seed,
            "size": made.size,
            "fit": made.fit,
            "data_fingerprint": made.source.get("fingerprint"),
        }
        wanted = asdict(self.wanted) | asdict(self.own)
        check_same(f"'{self.out}' holds another teacher", found, wanted)

    def shares(self, ground: Ground) -> Shares:
        """Count the epochs over the training split, and one test."""
        data = ground.data_of(self.asker)
        images = len(data.train) * self.own.epochs + len(data.test) * FORWARD
        return [(training_of(self.asker, ground, self.own.model), images)]
