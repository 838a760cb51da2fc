"""Pixels: the images of a split at one size, decoded once into the work folder."""

from dataclasses import dataclass
from typing import ClassVar

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground
from smallset.bench.kinds.unit import Unit, keyed
from smallset.data import Data, ImageDataset, View
from smallset.desk import Desk
from smallset.exchange.set_data import open_any


@dataclass(frozen=True, kw_only=True)
class PixelsUnit(Unit):
    """The decoded images of a split at one size. `view` is that of `pixel_cache`."""

    kind: ClassVar[str] = "pixels"
    split: str
    view: View

    @classmethod
    def of(cls, cell: MatrixCell, ground: Ground, split: str) -> "PixelsUnit":
        """Return the pixels of a cell's "train" or "test" split."""
        wanted = cell.identity
        view: View = cell.sweep.fit if split == "train" else "test"
        words = f"{cls.kind} {wanted.dataset} {split}, {wanted.size} px"
        key = keyed(words, [wanted.data_fingerprint, split, wanted.size, view])
        return cls(asker=cell, key=key, split=split, view=view)

    def make(self, desk: Desk) -> None:
        """Decode the split."""
        images = self._images(open_any(self.asker.data, desk))
        desk.decoded(images, self.wanted.size, view=self.view)

    def work_bytes(self, ground: Ground) -> int:
        """Count three bytes per pixel, as if the cache were empty."""
        images = self._images(ground.data_of(self.asker))
        return len(images) * 3 * self.wanted.size**2

    def _images(self, data: Data) -> ImageDataset:
        return data.train if self.split == "train" else data.test
