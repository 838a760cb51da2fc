"""Fit images into squares: choose a box of the image, cut it out, and resize it."""

from typing import Literal

import numpy as np
from PIL import Image

from smallset.records import Fit, Resample
from smallset.shapes import Int, Int32, UInt8

View = Fit | Literal["test"]

_RESAMPLE = {
    "antialias": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}
_SMALL = 64
"""The most pixels on a side of a small image (see `is_small_or_square`)."""
_BUILT = 1 << 24
"""The most pixels of an intermediate image (48 MB). A strip of 30000 x 2 would take gigabytes."""


def fit_boxes(sizes: Int[np.ndarray, "k 2"], fit: Fit) -> Int32[np.ndarray, "k 4"]:
    """Return for each image the box (left, top, right, bottom) in pixels that becomes the square.

    `sizes` are (width, height). "squash" takes the whole image, "crop" the centred square of the
    short side, and "pad" the centred square of the long side, which reaches beyond the image.
    Raises ValueError for another fit.
    """
    whole = sizes.astype(np.int64)
    if fit not in ("squash", "crop", "pad"):
        raise ValueError(f"Given fit={fit!r}; needed 'squash', 'crop' or 'pad'. Use one of them.")
    box = whole
    if fit != "squash":
        box = whole.min(1, keepdims=True) if fit == "crop" else whole.max(1, keepdims=True)
    first = (whole - box) // 2
    return np.concatenate([first, first + box], axis=1).astype(np.int32)


def read_box(
    pixels: UInt8[np.ndarray, "h w 3"],
    box: Int[np.ndarray, " 4"],
    size: tuple[int, int],
    resample: Resample,
) -> UInt8[np.ndarray, "height width 3"]:
    """Cut a box out of an image and resize it to `size` = (width, height).

    Only pixels inside the box count, and areas beyond the image are black. "antialias" is Pillow's
    bilinear filter, whose support grows with the reduction; "nearest" picks single pixels. A box
    that has the size already is not resized, and the result may share the input's memory.

    A box of more than 16 million pixels that reaches beyond the image is never built. Instead, the
    part inside the image is resized to its share of `size`, at least one pixel, and then padded.
    Raises ValueError for an empty box.
    """
    left, top, right, bottom = (int(edge) for edge in box)
    if left >= right or top >= bottom:
        raise ValueError(
            f"Given the box ({left}, {top}, {right}, {bottom}); needed left < right and "
            "top < bottom. Check the plan that holds it."
        )
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if not inside.size:
        return np.zeros((size[1], size[0], 3), np.uint8)
    x, y, wide, high = max(-left, 0), max(-top, 0), right - left, bottom - top
    if inside.shape[:2] == (high, wide):
        return _resized(inside, size, resample)
    if wide * high <= _BUILT:
        return _resized(_padded(inside, x, y, (wide, high)), size, resample)
    x, width = _share(x, inside.shape[1], wide, size[0])
    y, height = _share(y, inside.shape[0], high, size[1])
    return _padded(_resized(inside, (width, height), resample), x, y, size)


def is_small_or_square(sizes: Int[np.ndarray, "n 2"]) -> bool:
    """Tell whether every image is square or at most 64 pixels a side."""
    return bool(np.all((sizes.max(axis=1) <= _SMALL) | (sizes[:, 0] == sizes[:, 1])))


def view_square(
    pixels: UInt8[np.ndarray, "h w 3"],
    size: int,
    view: View,
    *,
    whole: bool = False,
    resample: Resample = "antialias",
) -> UInt8[np.ndarray, "size size 3"]:
    """Draw one image as a square of `size` pixels.

    If `view` is a fit, the box of `fit_boxes` is resized to the square. The view "test" squashes
    if `whole` says that all images of the data set are small or square. Otherwise "test" is the
    usual test view of ImageNet: it resizes the short side to round(size * 256 / 224) and takes the
    centre.
    """
    height, width, _ = pixels.shape
    if view != "test" or whole:
        if height == width == size:
            return pixels
        box = fit_boxes(np.array([[width, height]]), "squash" if view == "test" else view)[0]
        return read_box(pixels, box, (size, size), resample)
    short = round(size * 256 / 224)
    scale = short / min(width, height)
    wide, high = max(short, round(width * scale)), max(short, round(height * scale))
    left, top = (wide - size) // 2, (high - size) // 2
    if wide * high > _BUILT:
        x, y = width / wide, height / high  # source pixels per pixel of the view
        box = (left * x, top * y, (left + size) * x, (top + size) * y)
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.asarray(image.resize((size, size), _RESAMPLE["antialias"], box))
    resized = _resized(pixels, (wide, high), "antialias")
    return resized[top : top + size, left : left + size]


def _resized(
    pixels: UInt8[np.ndarray, "h w 3"], size: tuple[int, int], resample: Resample
) -> UInt8[np.ndarray, "height width 3"]:
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, _RESAMPLE[resample]))


def _padded(
    pixels: UInt8[np.ndarray, "h w 3"], x: int, y: int, size: tuple[int, int]
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a black image of `size` with the pixels at (x, y)."""
    black = np.zeros((size[1], size[0], 3), np.uint8)
    black[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return black


def _share(start: int, length: int, whole: int, size: int) -> tuple[int, int]:
    """Return where (start, length) lies after a box of `whole` pixels is resized to `size`."""
    first = min(round(start * size / whole), size - 1)
    return first, max(1, round((start + length) * size / whole) - first)
