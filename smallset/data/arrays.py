"""Data sets from arrays in memory, and the digits that scikit-learn ships."""

from collections.abc import Sequence

import numpy as np

from smallset.data.dataset import Data
from smallset.data.index import index
from smallset.data.source import RawSplit, Source
from smallset.data.splits import CUT_OFF
from smallset.data.tables import numbered
from smallset.shapes import UInt8


class ArrayRows:
    """Rows of an array, encoded as Netpbm: no compressor's version changes these bytes."""

    def __init__(self, images: UInt8[np.ndarray, "n h w 3"] | UInt8[np.ndarray, "n h w"]) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def name(self, row: int) -> str:
        """Return the row number in eight digits."""
        return f"{row:08d}"

    def read(self, row: int) -> bytes:
        """Encode a row as PGM (grey) or PPM (RGB): one header line, then the pixels."""
        image = self._images[row]
        kind = 5 if image.ndim == 2 else 6
        header = f"P{kind} {image.shape[1]} {image.shape[0]} 255\n"
        return header.encode() + bytes(image.tobytes())


def from_arrays(
    images: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str] | None = None,
    *,
    test: tuple[np.ndarray, np.ndarray] | None = None,
    name: str = "arrays",
) -> Data:
    """Make a data set of images in memory.

    `images` are uint8 (n, h, w) or (n, h, w, 3) in 0..255, `labels` class indices (n,). `names` are
    the class names in index order; the default is "0", "1", ... `test` holds the held-out images
    and labels in the same form. Without `test`, 20 % of each class are held out by content hash.

    Raises ValueError for other shapes and types, for labels that do not match the images or the
    names, for fewer than two classes and for a class without images.
    """
    if names is not None and len(set(names)) != len(names):
        raise ValueError(
            f"Given names={list(names)}, which repeat; needed one name a class. Rename them."
        )
    train_split = _split("train", images, labels)
    classes = numbered(train_split.labels(), "The labels") if names is None else tuple(names)
    test_split = None if test is None else _split("test", *test)
    for split in filter(None, (train_split, test_split)):
        _check_range(split, len(classes))
    held_out = CUT_OFF if test is None else "test arrays, as given"
    source = Source(name, "", classes, train_split, test_split, held_out)
    return index(source, work=None, skip_bad=False)


def open_digits() -> Data:
    """Open the UCI handwritten digits (Alpaydin and Kaynak 1998): 1,797 images of 8 x 8 pixels.

    Grey values 0..16 are scaled to 0..255, and 20 % of each class are held out. Nothing is
    downloaded, because scikit-learn ships the images.
    """
    # Only this source should pay for importing scikit-learn, which takes a second.
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    return from_arrays(images, bunch.target, [str(d) for d in range(10)], name="digits")


def _split(name: str, images: np.ndarray, labels: np.ndarray) -> RawSplit:
    grey_or_rgb = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not grey_or_rgb:
        raise ValueError(
            f"Given {name} images of the type {images.dtype} and shape {images.shape}; needed "
            "uint8 (n, h, w) or (n, h, w, 3), 0 to 255. Scale and convert them."
        )
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"Given {name} labels of the type {labels.dtype} and shape {labels.shape}; needed "
            "whole numbers (n,). Convert them to class indices."
        )
    if len(images) != len(labels):
        raise ValueError(
            f"Given {len(images)} {name} images and {len(labels)} labels; needed one label an "
            "image. Pass arrays of equal length."
        )
    whole = labels.astype(np.int64)
    return RawSplit(name, ArrayRows(images), lambda: whole)


def _check_range(split: RawSplit, count: int) -> None:
    labels = split.labels()
    outside = np.flatnonzero((labels < 0) | (labels >= count))
    if len(outside):
        raise ValueError(
            f"The {split.name} label in row {outside[0]} is {labels[outside[0]]}; needed 0 to "
            f"{count - 1}, one of the {count} classes. Correct the label or give all names."
        )
