"""A method and a budget as somebody else may write them: made in parts, from no source image."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.budget import Budget
from smallset.fingerprint import fingerprint
from smallset.methods import Method
from smallset.numbers import check_number, read_whole
from smallset.records import Plan
from smallset.store import Canvases
from smallset.train.views import Canvas, View

PER_PART = 2


@dataclass(frozen=True, eq=False)
class Waves(Canvases):
    """Canvases of one colour each, made two at a time; `stops_at` plays a process that dies."""

    plan: Plan
    seed: int
    stops_at: int | None = None

    @property
    def kept_as(self) -> str:
        return fingerprint(["waves", self.seed, self.plan.label.tolist(), self.plan.size])

    @property
    def parts(self) -> list[range]:
        m = len(self.plan.label)
        return [range(start, min(start + PER_PART, m)) for start in range(0, m, PER_PART)]

    def draw(self, rows, progress=None):
        if self.stops_at is not None and rows.start >= self.stops_at:
            os._exit(9)
        with Path("drawn.txt").open("a") as log:
            log.write(f"{rows.start}\n")
        # The whole part goes into each number, as in a batch with a BatchNorm term.
        level = (self.seed + sum(rows)) % 256
        return np.full((len(rows), self.plan.size, self.plan.size, 3), level, np.uint8)


@dataclass(frozen=True)
class Wave(Method):
    """Plain colours, from no source image (a method of a test)."""

    stops_at: int | None = None
    view: View = Canvas()

    def canvases(self, seen, wanted, *, seed):
        size, label = seen.images.size, np.repeat(np.arange(seen.classes), wanted.counts)
        return Waves(Plan.without_sources(size, label), seed, self.stops_at)

    def facts(self, seen, wanted):
        return {"waves": "2"}


@dataclass(frozen=True)
class InAll(Budget):
    """`total=N`: N images in all, as evenly over the classes as they go."""

    name = "total"
    images: int

    def __post_init__(self):
        check_number("total", self.images, least=1, unit="images in all")

    @classmethod
    def read(cls, value):
        return cls(read_whole("total", value))

    @property
    def value(self):
        return str(self.images)

    @property
    def words(self):
        return f"{self.images} in all"

    def canvases(self, have, tiles):
        each, rest = divmod(self.images, len(have))
        return tuple(each + (c < rest) for c in range(len(have)))
