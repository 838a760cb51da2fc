"""Which images are made together: BatchNorm couples the images of a batch, so it is made whole."""

from itertools import groupby

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
    """Return batches with one image of each of `classes` neighbouring classes.

    All images of a batch have the same rank: first come batches of the first images of the classes,
    then batches of the second images, and so on.
    """
    return _together(ranks_of(counts), labels_of(counts) // classes)


def by_class(counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
    """Return batches of at most `images` images of one class."""
    return _together(labels_of(counts), ranks_of(counts) // images)


def class_major(counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
    """Cut all images, class after class, into batches of `images`. The last may be smaller."""
    return _together(np.arange(counts.sum()) // images)


def _together(*keys: Int64[np.ndarray, " m"]) -> tuple[Rows, ...]:
    """Put the images with equal keys in a batch; the batches are in the order of their keys."""
    key_of = [*zip(*(key.tolist() for key in keys), strict=True)]
    rows = sorted(range(len(key_of)), key=key_of.__getitem__)
    return tuple(tuple(batch) for _, batch in groupby(rows, key_of.__getitem__))
