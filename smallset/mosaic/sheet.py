"""Sheets: many training images of one class in one file, which a codec packs better."""

from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

import numpy as np

from smallset.numbers import check_number, share_of
from smallset.records import CODEC_BLOCK, Plan, Selection
from smallset.shapes import Int32, Int64

_SHARES = (1.0, 0.75, 0.5)
"""The sides that side=fit tries, as shares of the set's size."""
_LARGEST = 64
"""The most tiles a side. With tiles of 224 px, a sheet then has 14,336 px; WebP ends at 16,383."""


@dataclass(frozen=True)
class Sheet:
    """Whole images of one class side by side in a file; each stays a training image of its own.

    An image is stored at `side` pixels (None: at the set's size) and trained on at the set's size.
    A file has up to `columns` x `columns` images, in order of choice, row by row. Images start at
    multiples of 16 px, as the blocks of JPEG and WebP do. A smaller set has smaller sheets.

    Under a budget in bytes, side=fit tries the set's size, three quarters of it and half of it. It
    takes the first side at which `enough` images of each class fit, or else half. Under another
    budget, side=fit is the set's size.
    """

    side: int | Literal["fit"] | None = None
    columns: int = 16
    enough: int = 50

    def __post_init__(self) -> None:
        check_number("sheet's enough", self.enough, least=1, unit="images of a class")
        if isinstance(self.side, int):
            check_number("sheet's side", self.side, least=1, unit="the side in pixels")
        unit = "the images in a row of a file"
        check_number("sheet's columns", self.columns, least=1, most=_LARGEST, unit=unit)

    @property
    def tiles(self) -> int:
        """The number of source images in a training image."""
        return 1

    def side_at(self, size: int) -> int:
        """Return the side of an image in pixels, in a set of `size` pixels."""
        return self.side if isinstance(self.side, int) else size

    def tried(self, size: int) -> "tuple[Sheet, ...]":
        """Return the sheets that side=fit tries in a set of `size` pixels, the largest side first.

        If the sheet has another `side`, return only the sheet itself.
        """
        if self.side != "fit":
            return (self,)
        sides = dict.fromkeys(max(1, share_of(share, size)) for share in _SHARES)
        return tuple(replace(self, side=side) for side in sides)

    def __call__(
        self,
        selection: Selection,
        labels: Int64[np.ndarray, " n"],
        boxes: Int32[np.ndarray, "n 4"],
        *,
        size: int,
    ) -> Plan:
        """Lay out a selection, class after class. The last sheet of a class may have empty tiles.

        Raises ValueError if a sheet would be larger than WebP can write, 16,383 px a side.
        """
        side = self.side_at(size)
        chosen = labels[selection.indices]
        runs = np.split(selection.indices, np.flatnonzero(np.diff(chosen)) + 1)
        most = max(map(len, runs))
        columns = max(1, min(self.columns, isqrt(max(0, most - 1)) + 1))
        pitch = -(-side // CODEC_BLOCK) * CODEC_BLOCK
        if pitch * columns > 16383:
            raise ValueError(
                f"a sheet of {columns} x {columns} images of {side} px is larger than 16,383 px, "
                f"the most that WebP can write. Use columns<={max(1, 16383 // pitch)}."
            )
        tiles = columns**2
        sheets = [run[start : start + tiles] for run in runs for start in range(0, len(run), tiles)]
        source = np.full((len(sheets), tiles), -1, np.int64)
        for row, images in enumerate(sheets):
            source[row, : len(images)] = images
        corner = np.array([(x, y) for y in range(columns) for x in range(columns)]) * pitch
        tile_box = np.concatenate([corner, corner + side], axis=1).astype(np.int32)
        return Plan(
            size=pitch * columns,
            resample="antialias",
            source=source,
            source_box=np.where(source[..., None] < 0, 0, boxes[source]).astype(np.int32),
            tile_box=np.repeat(tile_box[None], len(sheets), axis=0),
            label=labels[source[:, 0]],
            image_size=size,
        )
