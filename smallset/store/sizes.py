"""The bytes that canvases take when they are encoded, before a set is written."""

import hashlib
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from smallset.parallel import Workers
from smallset.records import Plan, Progress
from smallset.store.canvases import Canvases, Rendered
from smallset.store.codec import Codec
from smallset.store.parts import Parts


@dataclass(frozen=True)
class Sizes:
    """Measures canvases by encoding them, with the same workers that write the set.

    A rendered canvas that several sets have in common is encoded once. Costly canvases are kept in
    the folder `work`, as by `write`.
    """

    codec: Codec
    threads: int
    spread: Workers | None = None
    work: Path | None = None
    progress: Progress | None = None
    known: dict[bytes, int] = field(default_factory=dict)

    def total(self, canvases: Canvases) -> int:
        """Return the bytes of all canvases."""
        if not isinstance(canvases, Rendered):
            return sum(self._encoded(canvases).values())
        keys = [_key(canvases.plan, row) for row in range(len(canvases.plan.label))]
        new = [row for row, key in enumerate(keys) if key not in self.known]
        if new:
            found = self._encoded(replace(canvases, plan=canvases.plan.take(new)))
            self.known.update({keys[new[at]]: size for at, size in found.items()})
        return sum(self.known[key] for key in keys)

    def forget(self, canvases: Canvases) -> None:
        """Remove what was kept of canvases that are not written."""
        self._parts(canvases).forget()

    def _encoded(self, canvases: Canvases) -> dict[int, int]:
        with closing(self._parts(canvases).encoded()) as encoded:
            return {row: len(content) for row, content in encoded}

    def _parts(self, canvases: Canvases) -> Parts:
        return Parts(canvases, self.codec, self.threads, self.spread, self.work, self.progress)


def _key(plan: Plan, row: int) -> bytes:
    """Return a hash of all that decides the pixels of a rendered canvas of one data set."""
    told = hashlib.sha256(f"{plan.size} {plan.resample}".encode())
    for part in (plan.source, plan.source_box, plan.tile_box):
        told.update(part[row].tobytes())
    return told.digest()
