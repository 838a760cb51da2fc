"""CutMix as a part of the view: partners and boxes, drawn before any pixel is read.

`mix="image"` draws for image i in epoch e from (seed, e, i) and the number of images alone, so that
a stored logit does not depend on its batch. `mix="batch"` is the published way, with one box and
one permutation for each batch. This depends on batch size and order, and is for comparison only.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from smallset.lazy import special
from smallset.seeds import generator
from smallset.shapes import Float64, Int32, Int64

MIX_VERSION = "mix-1"

Mixing = Literal["image", "batch"]


@dataclass(frozen=True)
class Mix:
    """Each image's partner, and the box (left, top, right, bottom) that the partner's view fills.

    `partner` holds positions in the set, `box` is in pixels of the rendered view. An empty box
    (lambda near 1) mixes nothing. Lambda is not kept, since the teacher sees the mixed pixels.
    """

    partner: Int64[np.ndarray, " k"]
    box: Int32[np.ndarray, "k 4"]

    def take(self, images: Int64[np.ndarray, " b"]) -> "Mix":
        """Return the mixes of the images at these positions."""
        return Mix(self.partner[images], self.box[images])


def draw_epoch_mix(images: int, size: int, *, alpha: float, seed: int, epoch: int) -> Mix:
    """Draw the mix of every image of a set for one epoch, in views of `size` pixels.

    The partners are one permutation of the whole set; an image may be its own partner. Lambda is
    Beta(alpha, alpha), drawn by inversion, which takes one random number for each image.
    """
    partner = generator(seed, "mix", MIX_VERSION, epoch, "partner").permutation(images)
    numbers = generator(seed, "mix", MIX_VERSION, epoch, "box").random((images, 3))
    return Mix(partner, cutmix_boxes(numbers, size, alpha))


def draw_batch_mix(
    indices: Int64[np.ndarray, " b"], size: int, *, alpha: float, seed: int, epoch: int, step: int
) -> Mix:
    """Draw one lambda, one box and one permutation for a whole batch, as published."""
    draw = generator(seed, "mix", MIX_VERSION, epoch, "batch", step)
    box = cutmix_boxes(draw.random((1, 3)), size, alpha)
    return Mix(draw.permutation(indices), np.repeat(box, len(indices), axis=0))


def cutmix_boxes(
    numbers: Float64[np.ndarray, "k 3"], size: int, alpha: float
) -> Int32[np.ndarray, "k 4"]:
    """Place CutMix boxes (arXiv 1905.04899, algorithm 1) from three random numbers each, in 0..1.

    The centre is uniform over the pixels. The sides are size sqrt(1 - lambda) in whole pixels,
    halved as in the authors' code so that they are even, and clipped at the border.
    """
    kept = special.betaincinv(alpha, alpha, numbers[:, 0])  # lambda
    half = (size * np.sqrt(1 - kept)).astype(np.int64)[:, None] // 2
    centre = (numbers[:, 1:] * size).astype(np.int64)  # (k, 2): x, y
    corners = np.concatenate([centre - half, centre + half], axis=1)
    boxes: Int32[np.ndarray, "k 4"] = corners.clip(0, size).astype(np.int32)
    return boxes
