"""What the observer sees of a batch in an iteration: one crop, flip and roll for all of it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64

from smallset.lazy import F, Tensor
from smallset.seeds import generator
from smallset.train.views import crop_boxes

Curve = Literal["cosine", "linear", "step"]

# Of each iteration: 24 numbers for the crop and the flip, as a view takes, and 2 for the roll.
_CROP, _FLIP, _ROLL, _NUMBERS = 24, 22, 24, 28


@dataclass(frozen=True)
class Augment:
    """How a batch is changed before the observer sees it; afresh in each iteration.

    A random resized crop of a share `area` of the image, `ratio` of width to height, or, with a
    `pad`, a crop of the image's own size out of the image with so many pixels of mean colour around
    it; then a mirror image with probability `flip`; then a circular shift of `roll` pixels along
    each axis, uniform over whole numbers with both ends.

    The least area falls from 1 to that of `area` over the first `milestone` of all iterations (a
    share), along a `curve`.
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
        """Draw what happens in each iteration."""
        numbers = generator(seed, "augment").random((iterations, _NUMBERS))
        return Draws(self, numbers)


@dataclass(frozen=True)
class Draws:
    """The draw of all iterations: `numbers` in 0..1."""

    augment: Augment
    numbers: Float64[np.ndarray, "t 28"]

    def view(self, images: Float[Tensor, "b 3 s s"], t: int) -> Float[Tensor, "b 3 s s"]:
        """Return what the observer sees of the images in iteration `t`; differentiable."""
        augment, size = self.augment, images.shape[-1]
        images = self._padded(images, t) if augment.pad else self._cropped(images, t)
        if self.numbers[t, _FLIP] < augment.flip:
            images = images.flip(3)
        low, high = augment.roll
        shift = low + np.floor(self.numbers[t, _ROLL : _ROLL + 2] * (high - low + 1)).astype(int)
        if (shift % size).any():
            images = images.roll(tuple(shift.tolist()), (2, 3))
        return images

    def _cropped(self, images: Float[Tensor, "b 3 s s"], t: int) -> Float[Tensor, "b 3 s s"]:
        augment, size = self.augment, images.shape[-1]
        scale = (augment.least_area(t, len(self.numbers)), augment.area[1])
        if scale == (1.0, 1.0):
            return images
        whole = np.array([[0, 0, size, size]], np.int32)
        box = crop_boxes(whole, self.numbers[t : t + 1, :_CROP], scale, augment.ratio)
        left, top, right, bottom = box[0].tolist()
        if (left, top, right, bottom) == (0, 0, size, size):
            return images
        crop = images[:, :, top:bottom, left:right]
        return F.interpolate(crop, (size, size), mode="bilinear")

    def _padded(self, images: Float[Tensor, "b 3 s s"], t: int) -> Float[Tensor, "b 3 s s"]:
        pad, size = self.augment.pad, images.shape[-1]
        x, y = np.floor(self.numbers[t, 20:22] * (2 * pad + 1)).astype(int).tolist()
        return F.pad(images, (pad,) * 4)[:, :, y : y + size, x : x + size]
