"""Draw and encode canvases part by part, in this process or by workers; keep the costly ones."""

import hashlib
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from smallset.data import cores, ordered
from smallset.data.work import keeping
from smallset.files import read_array, write_array
from smallset.parallel import Task, Workers
from smallset.records import Plan, Progress
from smallset.shapes import UInt8
from smallset.store.canvases import Canvases, Drawing, Rendered, Rows
from smallset.store.codec import Codec
from smallset.store.past import COLUMNS, past_picture

Pixels = UInt8[np.ndarray, "k s s 3"]


@dataclass(frozen=True)
class Encoding:
    """How canvases become image files: the codec, and who draws and encodes them.

    `workers` threads do the work (0: one per core), or `spread` if it is given. The bytes do not
    depend on this choice. Finished parts of costly canvases are kept in the folder `work`, so that
    a killed call can be continued. Without a folder, nothing is kept.
    """

    codec: Codec
    workers: int = 0
    spread: Workers | None = None
    work: Path | None = None
    progress: Progress | None = None


@dataclass(frozen=True)
class Parts:
    """The parts of some canvases, drawn and encoded as `by` says.

    If the canvases have a `past`, `encoded` adds a picture of it to `pictures`.
    """

    canvases: Canvases
    by: Encoding
    pictures: list[bytes] = field(default_factory=list)

    def encoded(self) -> Generator[tuple[int, bytes], None, None]:
        """Yield the row and the encoded image of each canvas, in any order."""
        codec, spread = self.by.codec, self.by.spread
        if self._folder is not None:
            for rows, pixels in self._kept(self._folder):
                last, past = np.split(pixels, [len(rows)])
                if len(past):
                    self.pictures.append(past_picture(past, self.canvases.past, last))
                yield from zip(rows, map(codec.encode, last), strict=True)
        elif codec.is_original:
            yield from self._by_rows(self.canvases.copied)
        elif spread is None:
            yield from self._by_rows(self._drawn)
        else:
            made = self._on_workers(spread, [*self.canvases.parts], codec)
            for rows, images in made:
                yield from zip(rows, images, strict=True)

    def forget(self) -> None:
        """Remove the kept parts, after the set was written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _folder(self) -> Path | None:
        name, work = self.canvases.kept_as, self.by.work
        return None if name is None or work is None else work / "parts" / name[:24]

    def _drawn(self, row: int) -> bytes:
        return self.by.codec.encode(self.canvases.draw(range(row, row + 1))[0])

    def _by_rows(self, make: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
        rows = range(len(self.canvases.plan.label))
        with closing(ordered(make, rows, threads=self.by.workers or cores())) as made:
            yield from zip(rows, made, strict=True)

    def _kept(self, folder: Path) -> Iterator[tuple[Rows, Pixels]]:
        """Yield the rows and the pixels of each part: those in the folder, then the missing ones.

        A part whose file is damaged, or was removed by another process, is made again.
        """
        missing = []
        for rows in self.canvases.parts:
            kept = self._read(_file(folder, rows), rows)
            if kept is None:
                missing.append(rows)
            else:
                yield rows, kept
        made: Iterator[tuple[Rows, Any]]
        if self.by.spread is None:
            made = ((rows, self.canvases.draw(rows, self.by.progress)) for rows in missing)
        else:
            made = self._on_workers(self.by.spread, missing, None)
        for rows, pixels in made:
            with keeping(folder.parents[1]):
                folder.mkdir(parents=True, exist_ok=True)
                write_array(_file(folder, rows), pixels)
            yield rows, pixels

    def _read(self, file: Path, rows: Rows) -> Pixels | None:
        """Return the pixels of a part that was kept; None if there is no sound file of it."""
        size, drawn = self.canvases.plan.size, len(rows)
        if rows == self.canvases.parts[0]:
            drawn += len(self.canvases.past) * min(drawn, COLUMNS)
        return read_array(file, np.uint8, (drawn, size, size, 3))

    def _on_workers(
        self, spread: Workers, parts: list[Rows], codec: Codec | None
    ) -> Iterator[tuple[Rows, Any]]:
        named = {f"canvases {rows[0]} to {rows[-1]}": rows for rows in parts}
        tasks = [
            Task(key, _made, partial(_call, self.canvases, rows, codec), gpus=self.canvases.gpus)
            for key, rows in named.items()
        ]
        with closing(spread.run(tasks)) as finished:
            for task in finished:
                yield named[task.key], task.value


@dataclass(frozen=True)
class Sizes:
    """Measures canvases by encoding them. Costly canvases are kept for `write` to use.

    A rendered canvas that several sets have in common is encoded once.
    """

    encoding: Encoding
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
        Parts(canvases, self.encoding).forget()

    def _encoded(self, canvases: Canvases) -> dict[int, int]:
        with closing(Parts(canvases, self.encoding).encoded()) as encoded:
            return {row: len(content) for row, content in encoded}


def _key(plan: Plan, row: int) -> bytes:
    """Return a hash of all that decides the pixels of a rendered canvas of one data set."""
    told = hashlib.sha256(f"{plan.size} {plan.resample}".encode())
    for part in (plan.source, plan.source_box, plan.tile_box):
        told.update(part[row].tobytes())
    return told.digest()


def _file(folder: Path, rows: Rows) -> Path:
    return folder / f"rows-{rows[0]:07d}.npy"


def _call(canvases: Canvases, rows: Rows, codec: Codec | None) -> tuple[Drawing, Codec | None]:
    """Return a task's arguments, made only when the task is started."""
    return canvases.carried(rows), codec


def _made(drawing: Drawing, codec: Codec | None) -> object:
    """Draw a part on a worker, and encode it if there is a codec."""
    pixels = drawing()
    return pixels if codec is None else [codec.encode(image) for image in pixels]
