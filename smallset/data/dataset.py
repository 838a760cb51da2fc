"""A data set as the rest of the package sees it: one indexed split, and a pair of them."""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int32, Int64, UInt8

from smallset.data.decode import BadImage, decode
from smallset.records import Classes

_LISTED = 5


@runtime_checkable
class Rows(Protocol):
    """The encoded images of one split in the source's own order; safe to read from threads."""

    def __len__(self) -> int:
        """Count the rows, bad ones included."""
        ...

    def name(self, row: int) -> str:
        """Name a row, uniquely within its split, the same on every machine."""
        ...

    def read(self, row: int) -> bytes:
        """Read a row's encoded image."""
        ...


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """One split of a data set, indexed: every image in it is known to decode.

    `labels` are class indices, `sizes` (width, height) in pixels after EXIF rotation, `rows` the
    row in the source's own split order (not the position, once bad files were skipped or a held-out
    part was cut off), `content` says which images have the same encoded bytes (see `content_of`).
    The arrays may be read-only views of a mapped file. `fingerprint` is a sha256 in hex over all
    splits in use, `encoded_bytes` the sum over this split's images, `skipped` the ids of the bad
    files that were left out.
    """

    name: str
    split: str
    classes: Classes
    labels: Int64[np.ndarray, " n"]
    sizes: Int32[np.ndarray, "n 2"]
    rows: Int64[np.ndarray, " n"]
    content: Int64[np.ndarray, " n"]
    fingerprint: str
    encoded_bytes: int
    skipped: tuple[str, ...]
    origin: Rows = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, images: Int64[np.ndarray, " k"]) -> "ImageDataset":
        """Return the images at some positions, in that order.

        The facts about the whole split stay: its fingerprint, its bytes and what was skipped.
        """
        return replace(
            self,
            labels=np.array(self.labels[images]),
            sizes=np.array(self.sizes[images]),
            rows=np.array(self.rows[images]),
            content=np.array(self.content[images]),
        )

    def id(self, i: int) -> str:
        """Give image i's name in its split, such as 'cat/0017.png'; it does not change."""
        return self.origin.name(int(self.rows[i]))

    def listed(self, images: Int64[np.ndarray, " k"]) -> str:
        """Name some images for a message, by their ids, five at most."""
        shown = ", ".join(repr(self.id(int(i))) for i in images[:_LISTED])
        return shown + (f" and {len(images) - _LISTED} more" if len(images) > _LISTED else "")

    def encoded(self, i: int) -> bytes:
        """Read image i's bytes as the source holds them (a Netpbm image for plain arrays)."""
        return self.origin.read(int(self.rows[i]))

    def pixels(self, i: int) -> UInt8[np.ndarray, "h w 3"]:
        """Decode image i to upright RGB, 0..255 (see `decode`); the array may be read-only.

        Raises ValueError naming the image where it no longer decodes.
        """
        try:
            return decode(self.encoded(i))
        except BadImage as error:
            raise ValueError(
                f"{self.id(i)!r} of {self.name!r} {error}, but decoded when it was indexed. "
                "Restore the file and run again."
            ) from error


@dataclass(frozen=True, eq=False)
class Data:
    """A data set to compress and the held-out images that judge it; `held_out` says which.

    `notes` say, a sentence each, what the source holds besides and what was odd about it. If the
    training images are a compressed set, `made_from` are the fingerprints of the set and of all
    data behind it.
    """

    name: str
    train: ImageDataset
    test: ImageDataset
    held_out: str
    fingerprint: str
    notes: tuple[str, ...] = ()
    made_from: tuple[str, ...] = ()

    @cached_property
    def leaks(self) -> Int64[np.ndarray, " k"]:
        """The training images whose bytes are those of a held-out image too, by position."""
        return np.flatnonzero(np.isin(self.train.content, self.test.content))

    def without_leaks(self) -> "Data":
        """Return the data without the training images that are also held out.

        Raises ValueError if a class would lose all of its training images.
        """
        leaks = self.leaks
        if not len(leaks):
            return self
        train = self.train
        kept = np.delete(np.arange(len(train)), leaks)
        for c, count in enumerate(np.bincount(train.labels[kept], minlength=len(train.classes))):
            if not count:
                raise ValueError(
                    f"every training image of the class {train.classes.names[c]!r} of "
                    f"{self.name!r} is also held out, so none would be left. Needed training "
                    "images that are not tested on. Mend the splits."
                )
        lost = sum(len(train.encoded(int(i))) for i in leaks)
        # Another fingerprint: positions, and so cached pixels and scores, are others.
        fingerprint = hashlib.sha256(f"{self.fingerprint} without leaks".encode()).hexdigest()
        left = replace(
            train.take(kept),
            encoded_bytes=train.encoded_bytes - lost,
            fingerprint=fingerprint,
        )
        test = replace(self.test, fingerprint=fingerprint)
        note = f"{_images(len(leaks))} left out that {_are(len(leaks))} also held out"
        return replace(
            self, train=left, test=test, fingerprint=fingerprint, notes=(*self.notes, note)
        )

    def doubts(self) -> tuple[str, ...]:
        """Say, a sentence each, which images of the training split should not be there as they are.

        These are images that are also held out, and equal images under different labels.
        """
        train, found = self.train, []
        if len(self.leaks):
            number = len(self.leaks)
            found.append(
                f"{_images(number)} {_are(number)} also held out: {train.listed(self.leaks)}. "
                "Leave them out with --drop-leaks"
            )
        order = np.lexsort((train.labels, train.content))
        content, labels = train.content[order], train.labels[order]
        clash = (content[1:] == content[:-1]) & (labels[1:] != labels[:-1])
        if clash.any():
            unclear = np.isin(train.content, content[1:][clash]).nonzero()[0]
            found.append(
                f"{_images(len(unclear))} {_are(len(unclear))} there under different labels: "
                f"{train.listed(unclear)}"
            )
        return tuple(found)


def content_of(sha256: bytes) -> int:
    """Return what stands for an image's encoded bytes: the first 8 bytes of their sha256."""
    return int.from_bytes(sha256[:8], "big", signed=True)


def _images(number: int) -> str:
    return f"{number:,} training image{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
