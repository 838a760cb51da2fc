"""The first steps of every verb: check the output's place, open the data, choose the size."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from smallset.data import Data, ImageDataset, LaterPixels, folder_of
from smallset.desk import Desk
from smallset.exchange.set_data import Openable, open_any
from smallset.files import check_output
from smallset.labels import check_not_labels
from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.records import Classes, Fit
from smallset.store import CompressedDataset
from smallset.train.processes import is_first

AnyData = Openable | Data
"""The data of a verb: a name or path, a `Folder` with patterns, a set, or opened data."""

# Pillow takes images much larger than this for decompression bombs.
_LARGEST_SIDE = 8192


def open_source(
    data: AnyData,
    desk: Desk,
    *,
    fits: Callable[[Classes], None] | None = None,
) -> Data:
    """Open the data that the user named, and report it to `desk.opened`. Keep data that is open.

    `fits` is called with the classes before any image is read, and may raise.
    """
    if isinstance(data, Data):
        if fits is not None:
            fits(data.train.classes)
        return data.without_leaks() if desk.drop_leaks else data
    opened = open_any(
        data,
        work=desk.work,
        skip_bad=desk.skip_bad,
        drop_leaks=desk.drop_leaks,
        fits=fits,
        workers=desk.workers,
        progress=desk.progress,
    )
    if desk.opened is not None and is_first():
        desk.opened(opened)
    return opened


def data_name(data: AnyData) -> str:
    """Return the name of data for a message: its own name, or the user's text if not open."""
    return data.name if isinstance(data, Data | CompressedDataset) else str(data)


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


def observed(source: ImageDataset, size: int, fit: Fit, desk: Desk) -> Observed:
    """Return the training data as a score sees it, at `size` pixels, decoded at the first look."""
    return Observed(
        images=LaterPixels(source.labels, size, partial(desk.decoded, source, size, view=fit)),
        labels=source.labels,
        classes=len(source.classes),
        source=f"{source.fingerprint} {source.split} {fit}",
        machine=desk.machine,
        work=desk.work,
        progress=desk.progress,
        dataset=source,
        fit=fit,
    )


def side_of(data: ImageDataset, size: int | None) -> int:
    """Return `size` if given, or else the side in pixels that all images share, or else 224."""
    if size is not None:
        size = check_number("size", size, least=1, unit="the side in pixels")
        if size > _LARGEST_SIDE:
            raise ValueError(f"size={size} is too large. Give at most {_LARGEST_SIDE} pixels.")
        return size
    sides = np.unique(data.sizes)
    return int(sides[0]) if len(sides) == 1 else 224
