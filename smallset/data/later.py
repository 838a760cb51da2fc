"""Pixels that are decoded when the first are asked for: what reads none of them decodes none."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from jaxtyping import Int64, UInt8
from numpy import ndarray

from smallset.data.cache import Pixels
from smallset.lazy import Tensor


class LaterPixels:
    """The `Pixels` that `make` gives, made once; their size and labels are known before."""

    def __init__(self, labels: Int64[ndarray, " n"], size: int, make: Callable[[], Pixels]) -> None:
        self.size = size
        self.labels = labels
        self._make = make
        self._made: Pixels | None = None
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def path(self) -> Path | None:
        """The file that they are mapped from, if they are; decodes them."""
        return getattr(self._pixels(), "path", None)

    def batch(self, indices: Int64[ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Copy the images at `indices` into a fresh tensor. Raises as what makes them."""
        return self._pixels().batch(indices)

    def _pixels(self) -> Pixels:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
