"""A data set as the rest of the package sees it: one indexed split, and a pair of them."""

from dataclasses import dataclass, field
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
    part was cut off). The arrays may be read-only views of a mapped file. `fingerprint` is a sha256
    in hex over all splits in use, `encoded_bytes` the sum over this split's images, `skipped` the
    ids of the bad files that were left out.
    """

    name: str
    split: str
    classes: Classes
    labels: Int64[np.ndarray, " n"]
    sizes: Int32[np.ndarray, "n 2"]
    rows: Int64[np.ndarray, " n"]
    fingerprint: str
    encoded_bytes: int
    skipped: tuple[str, ...]
    origin: Rows = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

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
    """A data set to compress and the held-out images that judge it; `held_out` says which."""

    name: str
    train: ImageDataset
    test: ImageDataset
    held_out: str
    fingerprint: str
