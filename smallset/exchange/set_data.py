"""Compressed sets as data: the images of the set are the training split."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from smallset.data import CUT_OFF, Data, Folder, folder_named, folder_of, open_data
from smallset.data.tree import is_set
from smallset.data.validation import behind_validation, validation_of
from smallset.desk import Desk
from smallset.exchange.exported import open_made
from smallset.exchange.naming import check_classes
from smallset.fingerprint import fingerprint
from smallset.records import Classes
from smallset.store import CompressedDataset, TrainingSet
from smallset.train.processes import is_first

AnyData = str | Path | Folder | CompressedDataset | Data
"""The data of a verb: a name or path, a `Folder` with patterns, a set, or opened data."""
Fits = Callable[[Classes], None]

NO_HELD_OUT = "a set has none of its own"
_MADE_FROM = "made_from"


def open_any(given: AnyData, desk: Desk, *, fits: Fits | None = None) -> Data:
    """Open the data that the user named, and report it to `desk.opened`.

    Data that is already open is returned, without its leaks if `desk.drop_leaks`. Everything but a
    compressed set is opened by `open_data`. The classes of a set are those of its manifest, in the
    same order, and a mosaic counts as one whole image. A set has the held-out images of the data
    that a `Folder` names as its test. Without a test the set has none (see `check_held_out`), since
    its own images are never held out. The text "validation(DATA)" names the training images of
    DATA, a part of them held out (see `validation_of`).

    `fits` is called with the classes before any image is read, and may raise. Raises the errors of
    `open_data` and `open_made`, and ValueError for a set with an empty class or a set that shows
    held-out images.
    """
    if isinstance(given, Data):
        if fits is not None:
            fits(given.train.classes)
        return given.without_leaks() if desk.drop_leaks else given
    opened = _opened(given, desk, fits)
    if desk.opened is not None and is_first():
        desk.opened(opened)
    return opened


def check_held_out(data: Data) -> None:
    """Raise ValueError if data has no held-out images to test a network on."""
    if not len(data.test):
        raise ValueError(
            f"the set {data.name!r} has no held-out images: all of its images are for training. "
            "Needed data with held-out images, such as the data from which the set was made. "
            f"Give --test DATA, or folder({data.name}, test=DATA) as the data."
        )


def made_from(data: Data) -> dict[str, str]:
    """Return the entry of `made_with` for data that is a set: the fingerprints of its origins.

    Return {} for other data.
    """
    return {_MADE_FROM: " ".join(data.made_from)} if data.made_from else {}


def check_unseen(made: TrainingSet, data: Data) -> None:
    """Raise ValueError if the set holds held-out images of the data, or may hold them.

    It may if the data has no test split and changed since the set was made: which images are then
    held out depends on all images of the data.
    """
    known = _behind(made)
    if data.held_out == CUT_OFF and set(known).isdisjoint((data.fingerprint, *data.made_from)):
        raise ValueError(
            f"the set was made from another state of the data than {data.name!r} is in, which has "
            "no test split of its own: the 20 % held out now may hold images of the set. "
            "Restore the data, give --skip-bad and --drop-leaks as when the set was made, or make "
            "the set again."
        )
    seen = np.flatnonzero(np.isin(data.test.content, made.content))
    if len(seen):
        raise ValueError(
            f"the set '{made.name}' holds {len(seen):,} of the {len(data.test):,} held-out "
            f"images of {data.name!r}: {data.test.listed(seen)}. Accuracy on them would mean "
            "nothing. Needed a set without them. Make one of the training images, with "
            "--drop-leaks if copies of held-out images are among them."
        )


def _behind(made: TrainingSet) -> tuple[str, ...]:
    """Return the fingerprints of the data from which a set was made, and of that data's origins."""
    behind = made.facts.made_with.get(_MADE_FROM, "").split()
    return tuple(dict.fromkeys((made.origin, *behind)))


def _opened(given: str | Path | Folder | CompressedDataset, desk: Desk, fits: Fits | None) -> Data:
    if (whole := behind_validation(given)) is not None:
        return validation_of(_opened(whole, desk, fits))
    named = None
    if isinstance(given, CompressedDataset):
        made = given
    elif is_set(folder_of(given)):
        named, made = folder_named(given), open_made(folder_of(given), work=desk.work)
    else:
        return open_data(
            given,
            work=desk.work,
            skip_bad=desk.skip_bad,
            drop_leaks=desk.drop_leaks,
            fits=fits,
            workers=desk.workers,
            progress=desk.progress,
        )
    opened = _of_set(made)
    if named is not None and named.train is not None:
        raise ValueError(
            f"--train {named.train} names a part of the data, but {opened.name!r} is a set that "
            "smallset wrote, and all of its images are for training. Leave --train out."
        )
    if fits is not None:
        fits(opened.train.classes)
    if named is not None and named.test is not None:
        check = partial(check_classes, made.facts.classes, data=named.test)
        opened = _judged(opened, made, _opened(named.test, desk, check))
    return opened.without_leaks() if desk.drop_leaks else opened


def _of_set(made: CompressedDataset) -> Data:
    images, manifest = made.dataset, made.manifest
    if manifest.vanished:
        raise ValueError(
            f"the set {images.name!r} has no image of {', '.join(map(repr, manifest.vanished))}, "
            "but data needs images of every class. Make the set again with a balanced selection."
        )
    tiles = made.tile_box.shape[1]
    note = f"a set that smallset wrote; each of its mosaics of {tiles} tiles counts as one image"
    return Data(
        images.name,
        images,
        replace(images.take(np.empty(0, np.int64)), split="test"),
        NO_HELD_OUT,
        images.fingerprint,
        (note if tiles > 1 else note.partition(";")[0],),
        (made.digest, *_behind(made)),
    )


def _judged(opened: Data, made: CompressedDataset, other: Data) -> Data:
    """Return a set's data with the held-out images of other data."""
    check_held_out(other)
    check_unseen(made, other)
    both = fingerprint([opened.fingerprint, other.fingerprint])
    return replace(
        opened,
        train=replace(opened.train, fingerprint=both),
        test=replace(other.test, classes=opened.train.classes),
        held_out=other.held_out,
        fingerprint=both,
        notes=(*opened.notes, f"the held-out images are those of {other.name!r}"),
    )
