"""A kind of unit as somebody else may write one: a fact about every set."""

from dataclasses import dataclass
from typing import ClassVar

from smallset.bench.kinds import Unit
from smallset.bench.kinds.sets import SetUnit
from smallset.records import Fact
from smallset.store import open_set, read_manifest


@dataclass(frozen=True, kw_only=True)
class MeasureUnit(Unit):
    """The mean brightness of a set's images."""

    kind: ClassVar[str] = "measure"

    @classmethod
    def asked_by(cls, cell, ground):
        if cell.budget is None:
            return None
        made = SetUnit.of(cell, ground)
        return cls(asker=cell, key=f"measure of {made.key}", needs=(made,))

    @classmethod
    def problems(cls, sweep, ground):
        if ground.data[sweep.data].size(sweep.size) < 8:
            yield "brightness is measured from 8 px on"

    @property
    def folder_of_set(self):
        return self.needs[0].out

    def is_done(self, lines, desk):
        if not self.folder_of_set.exists():
            return False
        digest = read_manifest(self.folder_of_set).digest
        return digest in {fact.set_digest for fact in lines.facts if fact.name == "brightness"}

    def make(self, desk):
        made = open_set(self.folder_of_set)
        images, manifest = made.images(workers=1), made.manifest
        return Fact(
            name="brightness",
            value=float(images.mean()) / 255,
            low=None,
            high=None,
            n=len(images),
            unit="",
            dataset=self.wanted.dataset,
            method=manifest.method,
            spec=manifest.spec,
            plan_sha256=manifest.plan_sha256,
            set_digest=manifest.digest,
            observer=None,
            hardware="a test",
            versions={},
        )
