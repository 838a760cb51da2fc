"""Full: one student on the whole training split, what a set's accuracy is held against (HLR)."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground
from smallset.bench.kinds.cell import StudentUnit
from smallset.bench.kinds.pixels import PixelsUnit
from smallset.bench.kinds.unit import Shares, keyed, training_of
from smallset.bench.rates import FORWARD
from smallset.cell import Cell, pays_to_compile, train_and_test
from smallset.data import Data, pixel_cache
from smallset.desk import Desk
from smallset.fingerprint import fingerprint
from smallset.pipeline.desk import open_source
from smallset.records import Identity, Result
from smallset.store import PlainSet, Seeds, SetFacts
from smallset.train.protocol import protocol_named


@dataclass(frozen=True, kw_only=True)
class FullUnit(StudentUnit):
    """One student on the whole training split, under hard labels.

    The protocol is standard-v1 with few epochs, which its name says: a set's 300 epochs over the
    full data would cost more than all else together.
    """

    kind: ClassVar[str] = "full"

    @classmethod
    def asked_by(cls, cell: MatrixCell, ground: Ground) -> "FullUnit | None":
        """Return the student of a cell that has no set."""
        if cell.budget is not None:
            return None
        return cls(
            asker=cell,
            data=ground.data_of(cell).given,
            key=keyed(cell.name, asdict(cell.identity)),
            needs=tuple(PixelsUnit.of(cell, ground, split) for split in ("test", "train")),
        )

    def make(self, desk: Desk) -> Result:
        """Train and test the student; pixels are read from the mapped cache."""
        wanted, data = self.wanted, open_source(self.data, desk)
        decoded = partial(pixel_cache, size=wanted.size, work=desk.work, workers=desk.workers)
        images = decoded(data.train, view=self.asker.sweep.fit)
        held_out = decoded(data.test, view="test")
        protocol = protocol_named(wanted.protocol)
        cell = Cell(whole_split(data, wanted), data, wanted.student, protocol, desk.machine)
        result = train_and_test(cell, wanted.student_seed, images, held_out, desk)
        return replace(result, dataset=wanted.dataset, ipc=None)

    def shares(self, ground: Ground) -> Shares:
        """Count the epochs over the training split, and one test."""
        data, student = ground.data_of(self.asker).data, self.wanted.student
        views = len(data.train) * self.asker.epochs
        training = training_of(self, ground, student)
        compiled = pays_to_compile(student, views)
        return [(replace(training, compiled=compiled), views + len(data.test) * FORWARD)]


def whole_split(data: Data, wanted: Identity) -> PlainSet:
    """Return the training split as a set of its own: every image is its own only tile."""
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
    whole = np.broadcast_to(np.array([0, 0, size, size], np.int32), (len(train), 1, 4))
    return PlainSet(data.name, digest, facts, train, whole)
