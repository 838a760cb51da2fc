"""The training images on the sheets of a set, cut out one by one."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np

from smallset.data.arrays import ArrayRows
from smallset.data.decode import BadImage
from smallset.shapes import Int32, Int64, UInt8
from smallset.store.checked import CheckedRows
from smallset.store.codec import Codec

KEPT_BYTES = 2**30
"""The decoded pixels of sheets that are kept. Images that are read in order need fewer."""


class Sheets:
    """The decoded sheets of a set. The last ones are kept, so that each is decoded once.

    Several threads may ask; a copy in another process starts empty.
    """

    def __init__(self, rows: CheckedRows, codec: Codec, size: int) -> None:
        self._made_of = (rows, codec, size)
        self._kept: OrderedDict[int, UInt8[np.ndarray, "s s 3"]] = OrderedDict()
        self._turns: dict[int, Lock] = {}
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["Sheets"], tuple[CheckedRows, Codec, int]]:
        return Sheets, self._made_of

    def __call__(self, row: int) -> UInt8[np.ndarray, "s s 3"]:
        """Return the pixels of a sheet. Raises ValueError if its file was changed."""
        with self._lock:
            turn = self._turns.setdefault(row, Lock())
        with turn:  # another thread may be decoding this very sheet
            with self._lock:
                pixels = self._kept.get(row)
            if pixels is None:
                pixels = self._decoded(row)
            with self._lock:
                self._kept[row] = pixels
                self._kept.move_to_end(row)
                while len(self._kept) > max(1, KEPT_BYTES // pixels.nbytes):
                    self._kept.popitem(last=False)
        return pixels

    def name(self, row: int) -> str:
        """Name a sheet by its path in the set."""
        return self._made_of[0].name(row)

    def _decoded(self, row: int) -> UInt8[np.ndarray, "s s 3"]:
        rows, codec, size = self._made_of
        try:
            pixels = codec.decode(rows.read(row))
        except BadImage as error:
            raise ValueError(
                f"{rows.name(row)!r} of the set {rows.set!r} {error}. Get the set from its maker "
                "again."
            ) from error
        if pixels.shape != (size, size, 3):
            raise ValueError(
                f"{rows.name(row)!r} of the set {rows.set!r} is {pixels.shape[1]} x "
                f"{pixels.shape[0]} pixels, but the manifest says {size} x {size}. Make the set "
                "again."
            )
        return pixels


@dataclass(frozen=True, eq=False)
class TileRows:
    """The images on sheets: for each, its sheet, its place on the sheet, and its box there."""

    sheets: Sheets
    sheet: Int64[np.ndarray, " m"]
    tile: Int64[np.ndarray, " m"]
    box: Int32[np.ndarray, "m 4"]

    def __len__(self) -> int:
        return len(self.sheet)

    def name(self, row: int) -> str:
        """Name an image by its sheet and its place on it, such as "cat/00000.webp#7"."""
        return f"{self.sheets.name(int(self.sheet[row]))}#{self.tile[row]}"

    def pixels(self, row: int) -> UInt8[np.ndarray, "h w 3"]:
        """Cut an image out of its sheet."""
        left, top, right, bottom = self.box[row]
        return self.sheets(int(self.sheet[row]))[top:bottom, left:right]

    def read(self, row: int) -> bytes:
        """Return an image as Netpbm, as for plain arrays: it has no encoded bytes of its own."""
        return ArrayRows(self.pixels(row)[None]).read(0)
