"""Shared by verbs: the place of the output, the size of images, and the data as scores see it."""

from functools import partial
from pathlib import Path

import numpy as np

from smallset.data import Data, ImageDataset, LaterPixels, folder_of
from smallset.desk import Desk
from smallset.exchange.set_data import AnyData
from smallset.files import check_output
from smallset.labels import check_not_labels
from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.observers.shards import Shards
from smallset.parallel import Workers
from smallset.records import Fit
from smallset.store import CompressedDataset

# Pillow takes images much larger than this for decompression bombs.
_LARGEST_SIDE = 8192


def check_place(out: Path, data: AnyData) -> None:
    """Raise OSError if `out` exists or cannot be written, ValueError if it is inside the data.

    Raises ValueError also if it is the place for the labels of a set.
    """
    check_output(out)
    check_not_labels(out)
    check_apart(out, data)


def check_apart(out: Path, data: AnyData) -> None:
    """Raise ValueError if `out` is below the data's folder, where it would be read as data."""
    if isinstance(data, Data) or data == "digits":
        return
    folder = data.path if isinstance(data, CompressedDataset) else folder_of(data)
    if folder.is_dir() and folder.resolve() in out.resolve().parents:
        raise ValueError(
            f"'{out}' lies inside the data '{folder}', and would be read as a part of the data the "
            "next time. Needed a place outside of the data. Choose another OUT."
        )


def observed(
    source: ImageDataset, size: int, fit: Fit, desk: Desk, spread: Workers | None = None
) -> Observed:
    """Return the training data as a score sees it, at `size` pixels, decoded at the first look.

    `spread` are workers that make the inference passes.
    """
    return Observed(
        images=LaterPixels(source.labels, size, partial(desk.decoded, source, size, view=fit)),
        labels=source.labels,
        classes=len(source.classes),
        source=f"{source.fingerprint} {source.split} {fit}",
        machine=desk.machine,
        work=desk.work,
        progress=desk.progress,
        spread=Shards(spread) if spread else None,
        dataset=source,
        fit=fit,
    )


def side_of(data: ImageDataset, size: int | None) -> int:
    """Return `size` if given, or else the side in pixels that all images share, or else 224."""
    if size is not None:
        return check_number("size", size, least=1, unit="the side in pixels", most=_LARGEST_SIDE)
    return shared_side(data) or 224


def shared_side(data: ImageDataset) -> int | None:
    """Return the side in pixels of all images, or None if they are not squares of one size."""
    sides = np.unique(data.sizes)
    return int(sides[0]) if len(sides) == 1 else None
