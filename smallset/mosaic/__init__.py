"""Mosaics lay out chosen images on canvases."""

from abc import abstractmethod
from typing import Protocol, runtime_checkable

import numpy as np

from smallset.mosaic.grid import Grid
from smallset.mosaic.sheet import Sheet
from smallset.records import Plan, Selection
from smallset.shapes import Int32, Int64


@runtime_checkable
class Mosaic(Protocol):
    """Turns a selection into a plan of canvases."""

    @property
    def tiles(self) -> int:
        """The number of source images in a training image."""

    @abstractmethod
    def __call__(
        self,
        selection: Selection,
        labels: Int64[np.ndarray, " n"],
        boxes: Int32[np.ndarray, "n 4"],
        *,
        size: int,
    ) -> Plan:
        """Lay out a selection on canvases of `size` pixels.

        `labels` and `boxes` are of all n source images. A box (left, top, right, bottom) is the
        part of an image, in pixels, that the set's `fit` uses.
        """


MOSAICS: dict[str, type[Mosaic]] = {"grid": Grid, "sheet": Sheet}

__all__ = ["MOSAICS", "Grid", "Mosaic", "Sheet"]
