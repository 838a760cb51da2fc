"""What images are before the first iteration: noise, real images, or canvases of another method."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from smallset.models import Network
from smallset.observers.observed import Observed
from smallset.seeds import generator
from smallset.shapes import Float32, Int64, UInt8
from smallset.store import Rows
from smallset.synthesis.batches import labels_of, ranks_of

Init = Literal["noise", "real", "rded"]


Start = Callable[[Rows], Float32[np.ndarray, "b 3 s s"]]
"""Returns the normalised pixels of some rows of a set; an image does not depend on other rows."""


@dataclass(frozen=True)
class NoiseStart:
    """Independent numbers of mean 0 and variance 1 in normalised space.

    An image's numbers depend on the set seed, its class and its number within the class.
    """

    size: int
    counts: Int64[np.ndarray, " c"]
    seed: int

    def __call__(self, rows: Rows) -> Float32[np.ndarray, "b 3 s s"]:
        """Draw the numbers of some images."""
        labels, ranks = labels_of(self.counts), ranks_of(self.counts)
        shape = (3, self.size, self.size)
        keys = ((int(labels[row]), int(ranks[row])) for row in rows)
        drawn = (generator(self.seed, "noise", *key) for key in keys)
        return np.stack([one.standard_normal(shape, np.float32) for one in drawn])


@dataclass(frozen=True)
class PixelStart:
    """Pixels of images, normalised as a network does. `pixels` returns those of some rows.

    An image's pixels must not depend on the other rows.
    """

    network: Network
    pixels: Callable[[Rows], UInt8[np.ndarray, "b s s 3"]]

    def __call__(self, rows: Rows) -> Float32[np.ndarray, "b 3 s s"]:
        """Return the normalised pixels of some rows."""
        mean, std = (one.cpu().numpy() for one in (self.network.mean, self.network.std))
        scaled = self.pixels(rows).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        return np.ascontiguousarray((scaled - mean) / std)


def real_start(
    seen: Observed,
    network: Network,
    counts: Int64[np.ndarray, " c"],
    seed: int,
    *,
    flip: float = 0.0,
) -> PixelStart:
    """Start each image of the set from another training image of its class, after `check_real`.

    The set seed orders the training images of a class. A smaller set starts from the first images
    of a larger set. Each start is a mirror image with probability `flip`.
    """
    source, turned = [], []
    for label, count in enumerate(counts.tolist()):
        own = np.flatnonzero(seen.labels == label)
        source.append(generator(seed, "start", label).permutation(own)[:count])
        turned.append(generator(seed, "mirrored", label).random(count) < flip)
    images, mirrored = np.concatenate(source), np.concatenate(turned)

    def pixels(rows: Rows) -> UInt8[np.ndarray, "b s s 3"]:
        shown = seen.images.batch(images[list(rows)]).permute(0, 2, 3, 1).numpy()
        turned = mirrored[list(rows), None, None, None]
        return np.ascontiguousarray(np.where(turned, shown[:, :, ::-1], shown))

    return PixelStart(network, pixels)


def check_real(name: str, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
    """Raise ValueError if more images are wanted of a class than it has. `name` is the method."""
    have = np.bincount(seen.labels, minlength=seen.classes)
    short = int(np.argmin(have - counts))
    if counts[short] > have[short]:
        raise ValueError(
            f"{name} starts each image from another real image of its class, but "
            f"{seen.dataset.classes.names[short]!r} has {have[short]} and {counts[short]} are "
            f"wanted. Use ipc<={have.min()}, or init=noise."
        )
