"""Which images are made together: a batch is made as a whole, since BatchNorm terms couple it."""

from collections.abc import Iterator

import numpy as np

from smallset.shapes import Int64
from smallset.store import Rows


def labels_of(counts: Int64[np.ndarray, " c"]) -> Int64[np.ndarray, " m"]:
    """Return the class of each image of a set, class after class."""
    return np.repeat(np.arange(len(counts)), counts)


def ranks_of(counts: Int64[np.ndarray, " c"]) -> Int64[np.ndarray, " m"]:
    """Return each image's number within its class, from 0."""
    return np.concatenate([np.arange(count) for count in counts])


def by_rank(counts: Int64[np.ndarray, " c"], classes: int) -> tuple[Rows, ...]:
    """Put one image of each of `classes` classes in a batch: the first of each, then the second.

    The images of a batch have one rank, and the classes of a batch are neighbours.
    """
    first = np.cumsum(counts) - counts

    def batches() -> Iterator[Rows]:
        for rank in range(int(counts.max())):
            for start in range(0, len(counts), classes):
                own = np.arange(start, min(start + classes, len(counts)))
                rows = first[own[counts[own] > rank]] + rank
                if len(rows):
                    yield tuple(rows.tolist())

    return tuple(batches())


def by_class(counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
    """Put at most `images` images of a single class in a batch."""
    ends = np.cumsum(counts).tolist()
    return tuple(
        tuple(range(start, min(start + images, end)))
        for end, count in zip(ends, counts.tolist(), strict=True)
        for start in range(end - count, end, images)
    )


def class_major(counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
    """Cut all images, class after class, into batches of `images`: few classes, many images."""
    total = int(counts.sum())
    starts = range(0, total, images)
    return tuple(tuple(range(start, min(start + images, total))) for start in starts)
