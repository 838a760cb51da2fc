"""What the observer sees of a batch in an iteration: one crop, flip and roll for all images."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from smallset.lazy import Tensor, torch
from smallset.seeds import generator
from smallset.shapes import Float, Float32, Float64
from smallset.train.views import crop_boxes

Curve = Literal["cosine", "linear", "step"]

# Random numbers of an iteration: 24 as a view uses them, 2 for the roll, and 2 that are not used.
_CROP, _FLIP, _ROLL, _NUMBERS = 24, 22, 24, 28


@dataclass(frozen=True)
class Augment:
    """How a batch is changed before the observer sees it. Each iteration draws anew.

    - Crop: a random resized crop. `area` is the range of its share of the image, `ratio` that of
      its width divided by its height. With a `pad`, the image gets a frame of `pad` pixels of the
      mean colour instead, and the crop has the image's size.
    - Flip: a mirror image with probability `flip`.
    - Roll: a circular shift along each axis, by a whole number of pixels from the first to the
      second of `roll`.

    The least area falls from 1 to that of `area` over the first `milestone` of the iterations (a
    share), along a `curve`. With "step" it stays 1 until then.
    """

    area: tuple[float, float] = (0.08, 1.0)
    flip: float = 0.5
    roll: tuple[int, int] = (0, 0)
    pad: int = 0
    milestone: float = 0.0
    curve: Curve = "cosine"
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def least_area(self, t: int, iterations: int) -> float:
        """Return the least share of the area in iteration `t` (CDA's curriculum)."""
        least, end = self.area[0], self.milestone * iterations
        if t >= end:
            return least
        left = {
            "cosine": (1 + math.cos(math.pi * t / end)) / 2,
            "linear": 1 - t / end,
            "step": 1.0,
        }
        return least + (1 - least) * left[self.curve]

    def drawn(self, seed: int, iterations: int) -> "Draws":
        """Draw the crop, flip and roll of each iteration."""
        numbers = generator(seed, "augment").random((iterations, _NUMBERS))
        return Draws(self, numbers)


@dataclass(frozen=True)
class Draws:
    """The random numbers of all iterations: a row for each, in 0..1."""

    augment: Augment
    numbers: Float64[np.ndarray, "t 28"]

    def view(self, images: Float[Tensor, "b 3 s s"], t: int) -> Float[Tensor, "b 3 s s"]:
        """Return what the observer sees of the images in iteration `t`; differentiable."""
        augment, size = self.augment, images.shape[-1]
        left, top, right, bottom = self._box(t, size)
        across = linear_map(left, right, inside=size, to=size)
        down = linear_map(top, bottom, inside=size, to=size)
        if self.numbers[t, _FLIP] < augment.flip:
            across = across[::-1]
        low, high = augment.roll
        shift = low + np.floor(self.numbers[t, _ROLL : _ROLL + 2] * (high - low + 1)).astype(int)
        return mapped(images, np.roll(down, shift[0], 0), np.roll(across, shift[1], 0))

    def _box(self, t: int, size: int) -> tuple[int, int, int, int]:
        """Return the box of the crop. With a pad it may extend beyond the image."""
        augment = self.augment
        if augment.pad:
            places = np.floor(self.numbers[t, 20:22] * (2 * augment.pad + 1)).astype(int)
            left, top = (places - augment.pad).tolist()
            return left, top, left + size, top + size
        scale = (augment.least_area(t, len(self.numbers)), augment.area[1])
        whole = np.array([[0, 0, size, size]], np.int32)
        box = crop_boxes(whole, self.numbers[t : t + 1, :_CROP], scale, augment.ratio)
        left, top, right, bottom = box[0].tolist()
        return left, top, right, bottom


def linear_map(start: int, end: int, *, inside: int, to: int) -> Float32[np.ndarray, "to inside"]:
    """Return the matrix that resizes the part `start` to `end` of `inside` numbers to `to` numbers.

    It is linear, as in `F.interpolate` for enlarging. Numbers beyond the `inside` numbers are 0.
    """
    length = end - start
    at = np.clip((np.arange(to) + 0.5) * (length / to) - 0.5, 0, None)
    first = np.floor(at).astype(int)
    share = (at - first).astype(np.float32)
    line = np.zeros((to, length), np.float32)
    line[np.arange(to), first] = 1 - share
    line[np.arange(to), np.minimum(first + 1, length - 1)] += share
    matrix = np.zeros((to, inside), np.float32)
    own = slice(max(start, 0), min(end, inside))
    matrix[:, own] = line[:, own.start - start : own.stop - start]
    return matrix


def mapped(
    x: Float[Tensor, "b d h w"],
    down: Float32[np.ndarray, "v h"],
    across: Float32[np.ndarray, "u w"],
) -> Float[Tensor, "b d v u"]:
    """Multiply the columns of `x` by the matrix `down`, and its rows by the matrix `across`.

    The gradient of a product is a product too, and adds in the same order every time. The gradient
    of torch's own resizing does not on a GPU.
    """
    columns, rows = (
        torch.from_numpy(np.ascontiguousarray(one)).to(x.device) for one in (down, across.T)
    )
    return (columns @ x.contiguous() @ rows).contiguous(memory_format=torch.channels_last)
