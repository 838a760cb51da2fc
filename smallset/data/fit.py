"""Boxes and resizing: how a rectangle becomes a square, and how a box becomes a tile."""

from typing import Literal

import numpy as np
from jaxtyping import Int, Int32, UInt8
from PIL import Image

from smallset.records import Fit, Resample

View = Fit | Literal["test"]

_RESAMPLE = {
    "antialias": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}
_SMALL = 64
"""Sources up to this many pixels a side are never cropped for a test view."""


def fit_boxes(sizes: Int[np.ndarray, "k 2"], fit: Fit) -> Int32[np.ndarray, "k 4"]:
    """Give the box (left, top, right, bottom) of each image that becomes the square.

    `sizes` are (width, height). "squash" takes the whole image, "crop" the centred square of its
    short side, "pad" the centred square of its long side, which reaches beyond the image.
    """
    width, height = sizes[:, 0].astype(np.int64), sizes[:, 1].astype(np.int64)
    if fit == "squash":
        zero = np.zeros_like(width)
        return np.stack([zero, zero, width, height], axis=1).astype(np.int32)
    if fit not in ("crop", "pad"):
        raise ValueError(f"Given fit={fit!r}; needed 'squash', 'crop' or 'pad'. Use one of them.")
    side = np.minimum(width, height) if fit == "crop" else np.maximum(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return np.stack([left, top, left + side, top + side], axis=1).astype(np.int32)


def read_box(
    pixels: UInt8[np.ndarray, "h w 3"],
    box: Int[np.ndarray, " 4"],
    size: tuple[int, int],
    resample: Resample,
) -> UInt8[np.ndarray, "height width 3"]:
    """Cut a box out of an image and resize it to `size` = (width, height).

    Only pixels inside the box count; what lies beyond the image is black. "antialias" is Pillow's
    bilinear filter, whose support grows with the reduction; "nearest" picks single pixels. Either
    leaves a box alone that has the size already (the result may then share the input's memory).
    """
    left, top, right, bottom = (int(edge) for edge in box)
    if left >= right or top >= bottom:
        raise ValueError(
            f"Given the box ({left}, {top}, {right}, {bottom}); needed left < right and "
            "top < bottom. Check the plan that holds it."
        )
    cut = _cut(pixels, left, top, right, bottom)
    if size == (right - left, bottom - top):
        return cut
    image = Image.fromarray(np.ascontiguousarray(cut))
    return np.asarray(image.resize(size, _RESAMPLE[resample]))


def is_small_or_square(sizes: Int[np.ndarray, "n 2"]) -> bool:
    """Tell whether every image is at most 64 pixels a side or square, so that no view crops it."""
    return bool(np.all((sizes.max(axis=1) <= _SMALL) | (sizes[:, 0] == sizes[:, 1])))


def view_square(
    pixels: UInt8[np.ndarray, "h w 3"], size: int, view: View, *, whole: bool
) -> UInt8[np.ndarray, "size size 3"]:
    """Draw one image as a square of `size` pixels.

    A fit goes straight to the size. "test" squashes where `whole` says that the data set is small
    or square already; else it resizes the short side to round(size * 256 / 224) and takes the
    centre, the usual ImageNet test view.
    """
    height, width, _ = pixels.shape
    if height == width == size and (view != "test" or whole):
        return pixels
    if view != "test" or whole:
        box = fit_boxes(np.array([[width, height]]), "squash" if view == "test" else view)[0]
        return read_box(pixels, box, (size, size), "antialias")
    short = round(size * 256 / 224)
    scale = short / min(width, height)
    wide, high = max(short, round(width * scale)), max(short, round(height * scale))
    resized = read_box(pixels, np.array([0, 0, width, height]), (wide, high), "antialias")
    left, top = (wide - size) // 2, (high - size) // 2
    return resized[top : top + size, left : left + size]


def _cut(
    pixels: UInt8[np.ndarray, "h w 3"], left: int, top: int, right: int, bottom: int
) -> UInt8[np.ndarray, "bh bw 3"]:
    height, width, _ = pixels.shape
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return inside
    black = np.zeros((bottom - top, right - left, 3), np.uint8)
    y, x = max(-top, 0), max(-left, 0)
    black[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return black
