"""Canvases drawn by workers: the driver reads the sources and writes the files."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from smallset.data import ImageDataset, cores, ordered
from smallset.parallel import Task, Workers
from smallset.records import Classes, Plan
from smallset.store.codec import Codec
from smallset.store.render import render

ROWS = 32
"""Canvases of a task; their encoded sources travel with it."""


@dataclass(frozen=True)
class Carried:
    """The encoded images that a chunk needs, under the names they have in their data set."""

    names: tuple[str, ...]
    encoded: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.encoded)

    def name(self, row: int) -> str:
        """Name an image as its data set does."""
        return self.names[row]

    def read(self, row: int) -> bytes:
        """Give an image's bytes."""
        return self.encoded[row]


def drawn_apart(
    plan: Plan, dataset: ImageDataset, codec: Codec, workers: Workers
) -> Generator[tuple[int, bytes], None, None]:
    """Give each canvas's row and encoded image, in any order of chunks.

    The bytes are those of `codec.encode(render(plan, row, dataset))` here.
    """
    starts = {
        f"canvases {start} to {min(start + ROWS, len(plan.label)) - 1}": start
        for start in range(0, len(plan.label), ROWS)
    }
    tasks = [
        Task(key, draw, partial(_carried, plan, dataset, codec, start))
        for key, start in starts.items()
    ]
    with closing(workers.run(tasks)) as finished:
        for task in finished:
            assert isinstance(task.value, list)
            yield from enumerate(task.value, starts[task.key])


def draw(plan: Plan, dataset: ImageDataset, codec: Codec) -> list[bytes]:
    """Draw and encode all canvases of a plan: the task of one worker."""
    return [codec.encode(render(plan, row, dataset)) for row in range(len(plan.label))]


def _carried(
    plan: Plan, dataset: ImageDataset, codec: Codec, start: int
) -> tuple[Plan, ImageDataset, Codec]:
    """Cut a chunk's rows out of a plan, and the images that they show out of the data set."""
    rows = slice(start, start + ROWS)
    source = plan.source[rows]
    used = np.unique(source[source >= 0])
    part = replace(
        plan,
        source=np.where(source >= 0, np.searchsorted(used, source), source),
        source_box=plan.source_box[rows],
        tile_box=plan.tile_box[rows],
        label=plan.label[rows],
    )
    images = used.tolist()
    # Threads, since a shared file system is slow to answer and not slow to read.
    encoded = tuple(ordered(dataset.encoded, images, threads=cores()))
    carried = replace(
        dataset.take(used),
        classes=Classes(()),
        rows=np.arange(len(used)),
        skipped=(),
        origin=Carried(tuple(dataset.id(i) for i in images), encoded),
    )
    return part, carried, codec
