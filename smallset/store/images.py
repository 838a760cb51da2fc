"""The images of a set: files that are compared with their hashes, and the images on sheets."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np

from smallset.data import ImageDataset
from smallset.data.arrays import ArrayRows
from smallset.data.decode import BadImage
from smallset.shapes import Int32, Int64, UInt8
from smallset.store.codec import Codec

KEPT_BYTES = 2**30
"""The most bytes of decoded sheets in memory. Reading the images in order needs fewer."""


@dataclass(frozen=True)
class ImageFile:
    """One image file: its path inside the set ("cat/00000.png"), its hash and its size."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class CheckedRows:
    """The image bytes of the set called `set`, each compared with its recorded hash when read."""

    set: str
    files: tuple[ImageFile, ...]
    source: Callable[[int], bytes]

    def __len__(self) -> int:
        return len(self.files)

    def name(self, row: int) -> str:
        """Name an image by its path in the set."""
        return self.files[row].path

    def read(self, row: int) -> bytes:
        """Read an image's bytes. Raises ValueError if their hash is not the recorded one."""
        content = self.source(row)
        if hashlib.sha256(content).hexdigest() != self.files[row].sha256:
            raise ValueError(
                f"{self.named(row)} was changed after it was written. Restore it, or make or "
                "export the set again."
            )
        return content

    def named(self, row: int) -> str:
        """Name an image and its set in a message."""
        return f"{self.name(row)!r} of the set '{self.set}'"


def decoded(
    content: bytes, codec: Codec, size: tuple[int, int], named: str
) -> UInt8[np.ndarray, "h w 3"]:
    """Decode an image file. `size` is its (width, height) according to the manifest.

    Raises ValueError if the file is damaged or contradicts the manifest. The message begins with
    `named`, the words for the file.
    """
    width, height = size
    try:
        pixels = codec.decode(content)
    except BadImage as error:
        raise bad(named, error) from error
    if pixels.shape != (height, width, 3):
        raise ValueError(
            f"{named} is {pixels.shape[1]} x {pixels.shape[0]} pixels, but the manifest says "
            f"{width} x {height}. Make the set again."
        )
    return pixels


def bad(named: str, error: BadImage) -> ValueError:
    """Return the error for an image that does not decode."""
    return ValueError(f"{named} {error}. Get the set from its maker again.")


@dataclass(frozen=True, eq=False)
class SetImages(ImageDataset):
    """The images of a compressed set as a data set. A mosaic counts as one whole image."""

    codec: Codec

    def pixels(self, i: int) -> UInt8[np.ndarray, "h w 3"]:
        """Decode an image. Raises ValueError if it contradicts the manifest."""
        width, height = self.sizes[i].tolist()
        named = f"{self.id(i)!r} of the set {self.name!r}"
        return decoded(self.encoded(i), self.codec, (width, height), named)


class Sheets:
    """The decoded sheets of a set. Those used last stay in memory, at most `KEPT_BYTES`.

    Several threads may call this object. A copy in another process starts without decoded sheets.
    """

    def __init__(self, rows: CheckedRows, codec: Codec, size: int) -> None:
        self.rows = rows
        self._codec = codec
        self._size = size
        kept = max(1, KEPT_BYTES // (size * size * 3))
        # A place holds the pixels of a sheet, once they are decoded.
        self._places: Callable[[int], tuple[list[UInt8[np.ndarray, "s s 3"]], Lock]]
        self._places = lru_cache(kept)(lambda row: ([], Lock()))
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["Sheets"], tuple[CheckedRows, Codec, int]]:
        return Sheets, (self.rows, self._codec, self._size)

    def __call__(self, row: int) -> UInt8[np.ndarray, "s s 3"]:
        """Return the pixels of a sheet. Raises ValueError if its file was changed."""
        with self._lock:
            place, turn = self._places(row)
        with turn:  # another thread may be decoding this very sheet
            if not place:
                content, size = self.rows.read(row), (self._size, self._size)
                place.append(decoded(content, self._codec, size, self.rows.named(row)))
        return place[0]


@dataclass(frozen=True, eq=False)
class TileRows:
    """The images on sheets: for each, the row of its sheet, its tile there, and the tile's box."""

    sheets: Sheets
    sheet: Int64[np.ndarray, " m"]
    tile: Int64[np.ndarray, " m"]
    box: Int32[np.ndarray, "m 4"]

    def __len__(self) -> int:
        return len(self.sheet)

    def name(self, row: int) -> str:
        """Name an image by its sheet and its tile there, such as "cat/00000.webp#7"."""
        return f"{self.sheets.rows.name(int(self.sheet[row]))}#{self.tile[row]}"

    def pixels(self, row: int) -> UInt8[np.ndarray, "h w 3"]:
        """Cut an image out of its sheet. Raises ValueError if the sheet's file was changed."""
        left, top, right, bottom = self.box[row]
        return self.sheets(int(self.sheet[row]))[top:bottom, left:right]

    def read(self, row: int) -> bytes:
        """Return an image's pixels as Netpbm, since it has no encoded bytes of its own."""
        return ArrayRows(self.pixels(row)[None]).read(0)
