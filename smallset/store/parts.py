"""Make canvases part by part, in this process or by workers, and keep the costly ones."""

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from smallset.data import ordered
from smallset.data.work import keeping
from smallset.files import read_array, write_array
from smallset.parallel import Task, Workers
from smallset.records import Progress
from smallset.shapes import UInt8
from smallset.store.canvases import Canvases, Drawing, Rows
from smallset.store.codec import Codec
from smallset.store.past import COLUMNS, past_picture

Pixels = UInt8[np.ndarray, "k s s 3"]


@dataclass(frozen=True)
class Parts:
    """The parts of some canvases, made by `threads` in this process or by the workers `spread`.

    `work` is the folder for costly parts. None keeps nothing. If the canvases have a past,
    `pictures` gets a picture of it.
    """

    canvases: Canvases
    codec: Codec
    threads: int
    spread: Workers | None
    work: Path | None
    progress: Progress | None
    pictures: list[bytes] = field(default_factory=list)

    def encoded(self) -> Generator[tuple[int, bytes], None, None]:
        """Yield the row and the encoded image of each canvas, in any order."""
        if self._folder is not None:
            for rows, pixels in self._kept(self._folder):
                last, past = np.split(pixels, [len(rows)])
                if len(past):
                    self.pictures.append(past_picture(past, self.canvases.past, last))
                yield from zip(rows, map(self.codec.encode, last), strict=True)
        elif self.codec.is_original:
            yield from self._by_rows(self.canvases.copied)
        elif self.spread is None:
            yield from self._by_rows(self._drawn)
        else:
            made = self._on_workers(self.spread, [*self.canvases.parts], self.codec)
            for rows, images in made:
                yield from zip(rows, images, strict=True)

    def forget(self) -> None:
        """Remove the kept parts, after the set was written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _folder(self) -> Path | None:
        name = self.canvases.kept_as
        return None if name is None or self.work is None else self.work / "parts" / name[:24]

    def _drawn(self, row: int) -> bytes:
        return self.codec.encode(self.canvases.draw(range(row, row + 1))[0])

    def _by_rows(self, make: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
        rows = range(len(self.canvases.plan.label))
        with closing(ordered(make, rows, threads=self.threads)) as made:
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
        if self.spread is None:
            made = ((rows, self.canvases.draw(rows, self.progress)) for rows in missing)
        else:
            made = self._on_workers(self.spread, missing, None)
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


def _file(folder: Path, rows: Rows) -> Path:
    return folder / f"rows-{rows[0]:07d}.npy"


def _call(canvases: Canvases, rows: Rows, codec: Codec | None) -> tuple[Drawing, Codec | None]:
    """Return a task's arguments, made only when the task is started."""
    return canvases.carried(rows), codec


def _made(drawing: Drawing, codec: Codec | None) -> object:
    """Draw a part on a worker, and encode it if there is a codec."""
    pixels = drawing()
    return pixels if codec is None else [codec.encode(image) for image in pixels]
