"""A data set after indexing: `ImageDataset` is one split, `Data` the training and test split."""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from smallset.data.decode import BadImage, decode
from smallset.numbers import counted, listed
from smallset.records import Classes
from smallset.shapes import Int32, Int64, UInt8


@runtime_checkable
class Rows(Protocol):
    """The encoded images of one split in the source's own order. Several threads may read them."""

    def __len__(self) -> int:
        """Count the rows, including bad ones."""

    def name(self, row: int) -> str:
        """Return a name that is unique in the split and the same on every machine."""

    def read(self, row: int) -> bytes:
        """Return a row's encoded image."""


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """One split of a data set, indexed: every image in it is known to decode.

    `labels` are class indices. `sizes` are (width, height) in pixels after EXIF rotation. `rows`
    are row numbers in the source's split. A row number differs from the position in these arrays if
    bad files were skipped or a held-out part was cut off. Images of equal encoded bytes have equal
    `content` (see `content_of`). The arrays may be read-only views of a mapped file.

    `fingerprint` is a sha256 in hex over all splits that are read. `encoded_bytes` is the number of
    bytes of this split's encoded images together. `skipped` are the ids of the bad files that were
    left out.
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
        """Return the images at the positions `images`, in that order.

        The fingerprint, the bytes and the skipped files are still those of the whole split.
        """
        return replace(
            self,
            labels=np.array(self.labels[images]),
            sizes=np.array(self.sizes[images]),
            rows=np.array(self.rows[images]),
            content=np.array(self.content[images]),
        )

    def id(self, i: int) -> str:
        """Return the lasting name of image i in its split, such as 'cat/0017.png'."""
        return self.origin.name(int(self.rows[i]))

    def listed(self, images: Int64[np.ndarray, " k"]) -> str:
        """List the ids of images for a message, five at most."""
        return listed((self.id(int(i)) for i in images[:5]), total=len(images))

    def encoded(self, i: int) -> bytes:
        """Return image i's bytes as the source holds them (a Netpbm image for plain arrays)."""
        return self.origin.read(int(self.rows[i]))

    def pixels(self, i: int) -> UInt8[np.ndarray, "h w 3"]:
        """Decode image i to upright RGB in 0..255 (see `decode`). The array may be read-only.

        Raises ValueError naming the image if it no longer decodes.
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
    """A data set to compress, and the held-out images on which students are tested.

    `held_out` says in a sentence which images are held out. Each note is a sentence about unused or
    odd parts of the source. If the training images are a compressed set, `made_from` holds the
    fingerprints of the set and of all data behind it.
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
        """The positions of the training images that have the same bytes as a held-out image."""
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
        counts = np.bincount(train.labels[kept], minlength=len(train.classes))
        if not counts.all():
            raise ValueError(
                f"every training image of the class {train.classes.names[counts.argmin()]!r} of "
                f"{self.name!r} is also held out, so none would be left. Needed training images "
                "that are not held out. Correct the splits."
            )
        lost = sum(len(train.encoded(int(i))) for i in leaks)
        # Positions change, so cached pixels and scores must not be found under the old fingerprint.
        fingerprint = hashlib.sha256(f"{self.fingerprint} without leaks".encode()).hexdigest()
        left = replace(
            train.take(kept),
            encoded_bytes=train.encoded_bytes - lost,
            fingerprint=fingerprint,
        )
        test = replace(self.test, fingerprint=fingerprint)
        notes = (
            *self.notes,
            f"{_images_are(len(leaks))} left out, because of equal held-out images",
        )
        return replace(self, train=left, test=test, fingerprint=fingerprint, notes=notes)

    def doubts(self) -> tuple[str, ...]:
        """Return a sentence for each doubt about the training images; none if nothing is wrong.

        One doubt is about training images that are also held out. The other one is about equal
        training images under different labels.
        """
        train, found = self.train, []
        if len(self.leaks):
            found.append(
                f"{_images_are(len(self.leaks))} also held out: {train.listed(self.leaks)}. "
                "Leave them out with --drop-leaks"
            )
        order = np.lexsort((train.labels, train.content))
        content, labels = train.content[order], train.labels[order]
        clash = (content[1:] == content[:-1]) & (labels[1:] != labels[:-1])
        if clash.any():
            unclear = np.isin(train.content, content[1:][clash]).nonzero()[0]
            found.append(
                f"{_images_are(len(unclear))} there under different labels: {train.listed(unclear)}"
            )
        return tuple(found)


def content_of(sha256: bytes) -> int:
    """Return the first 8 bytes of an image's sha256 as a number: equal images, equal numbers."""
    return int.from_bytes(sha256[:8], "big", signed=True)


def _images_are(number: int) -> str:
    return f"{counted(number, 'training image')} {'is' if number == 1 else 'are'}"
