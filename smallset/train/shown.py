"""What a network is shown in training: images, their tiles, and the views of them."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from smallset.lazy import Tensor, torch
from smallset.shapes import Int32, Int64, UInt8
from smallset.train.views import View, whole_boxes


@runtime_checkable
class Images(Protocol):
    """What the loop needs of a set: its length, the side in pixels, and any batch as uint8."""

    @property
    def size(self) -> int:
        """Side in pixels."""

    def __len__(self) -> int: ...

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Return the images at `indices`."""


@dataclass(frozen=True)
class InMemory:
    """A small set as one uint8 tensor, on the device that trains."""

    pixels: UInt8[Tensor, "m 3 s s"]

    @property
    def size(self) -> int:
        """Side in pixels."""
        return int(self.pixels.shape[-1])

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Return the images at `indices`, on the device."""
        return self.pixels[torch.from_numpy(indices).to(self.pixels.device)]


@dataclass(frozen=True, eq=False)
class Shown:
    """Images, their tiles, and which views of them a network is shown.

    Views are mixed if the labels are soft, unless `mixed` is false. With a `pool`, only views of
    the first `pool` epochs are shown.
    """

    images: Images
    tile_box: Int32[np.ndarray, "m tiles 4"]
    view: View
    mixed: bool = True
    pool: int | None = None

    @classmethod
    def whole(cls, images: Images, view: View) -> "Shown":
        """Return the views of images with one tile each: the tile is the whole image."""
        return cls(images, whole_boxes(len(images), images.size), view)

    @property
    def views(self) -> int:
        """The number of views of an image in an epoch. View k of image i is `i * views + k`."""
        return self.view.an_epoch(self.tile_box.shape[1])

    @property
    def boxes(self) -> Int32[np.ndarray, "v each 4"]:
        """The tiles of each view: all of its image's, or one if an image has several views."""
        return self.tile_box if self.views == 1 else self.tile_box.reshape(-1, 1, 4)

    def __len__(self) -> int:
        """Count the views of an epoch."""
        return len(self.images) * self.views

    def batch(self, views: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Return the image of each view."""
        return self.images.batch(views // self.views)
