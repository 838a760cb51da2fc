"""The files of a set, compared with their hashes, and its images as a data set."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smallset.data import ImageDataset
from smallset.data.decode import BadImage
from smallset.shapes import UInt8
from smallset.store.codec import Codec
from smallset.store.image_file import ImageFile


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
        """Read an image's bytes. Raises ValueError if they are not those that were recorded."""
        content = self.source(row)
        if hashlib.sha256(content).hexdigest() != self.files[row].sha256:
            raise ValueError(
                f"{self.name(row)!r} of the set '{self.set}' was changed after it was written. "
                "Restore it, or make or export the set again."
            )
        return content


@dataclass(frozen=True, eq=False)
class SetImages(ImageDataset):
    """The images of a compressed set as a data set. A mosaic counts as one whole image."""

    codec: Codec

    def pixels(self, i: int) -> UInt8[np.ndarray, "h w 3"]:
        """Decode an image. Raises ValueError if it contradicts the manifest."""
        try:
            pixels = self.codec.decode(self.encoded(i))
        except BadImage as error:
            raise self.bad(i, error) from error
        width, height = self.sizes[i]
        if pixels.shape != (height, width, 3):
            raise ValueError(
                f"{self.id(i)!r} of the set {self.name!r} is {pixels.shape[1]} x {pixels.shape[0]} "
                f"pixels, but the manifest says {width} x {height}. Make the set again."
            )
        return pixels

    def bad(self, i: int, error: BadImage) -> ValueError:
        """Return the error for an image that does not decode."""
        return ValueError(
            f"{self.id(i)!r} of the set {self.name!r} {error}. Get the set from its maker again."
        )
