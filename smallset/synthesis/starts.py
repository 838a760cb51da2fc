"""What images are before the first iteration: noise, real images, or canvases of another method."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from smallset.models.spec import Colour
from smallset.observers.observed import Observed
from smallset.seeds import generator
from smallset.shapes import Float32, Int64, UInt8
from smallset.store import Canvases, Rows
from smallset.synthesis.batches import labels_of, ranks_of
from smallset.train.loop import Images

if TYPE_CHECKING:
    from smallset.models.network import Network

Init = Literal["noise", "real", "rded"]


@runtime_checkable
class Start(Protocol):
    """Gives the normalised pixels that the images of a set start from."""

    def __call__(self, rows: Rows) -> Float32[np.ndarray, "b 3 s s"]:
        """Return the pixels of some rows of the set; they do not depend on the other rows."""


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
class PixelStart(ABC):
    """A start from pixels, which a network's `mean` and `std` normalise."""

    mean: Colour
    std: Colour

    @abstractmethod
    def pixels(self, rows: Rows) -> UInt8[np.ndarray, "b s s 3"]:
        """Return the pixels of some rows of the set; they do not depend on the other rows."""

    def __call__(self, rows: Rows) -> Float32[np.ndarray, "b 3 s s"]:
        """Return the normalised pixels of some rows."""
        return normalised(self.pixels(rows), self.mean, self.std)


@dataclass(frozen=True)
class RealStart(PixelStart):
    """Real training images of the class, each image of the set another one.

    The set seed orders the images of a class, and a smaller set starts from the first of those that
    a larger one starts from. `mirrored` are the rows of the set that start from a mirror image.
    """

    images: Images
    source: Int64[np.ndarray, " m"]
    mirrored: Int64[np.ndarray, " k"]

    @classmethod
    def drawn(
        cls,
        seen: Observed,
        network: "Network",
        counts: Int64[np.ndarray, " c"],
        seed: int,
        *,
        flip: float = 0.0,
    ) -> "RealStart":
        """Draw the images, each a mirror image with probability `flip`, for a network."""
        source, turned = [], []
        for label, count in enumerate(counts.tolist()):
            own = np.flatnonzero(seen.labels == label)
            source.append(generator(seed, "start", label).permutation(own)[:count])
            turned.append(generator(seed, "mirrored", label).random(count) < flip)
        mirrored = np.flatnonzero(np.concatenate(turned))
        return cls(*colours(network), seen.images, np.concatenate(source), mirrored)

    def pixels(self, rows: Rows) -> UInt8[np.ndarray, "b s s 3"]:
        """Read the images of some rows."""
        pixels = self.images.batch(self.source[list(rows)]).permute(0, 2, 3, 1).numpy()
        turned = np.isin(np.array(rows), self.mirrored)
        mirrored = np.where(turned[:, None, None, None], pixels[:, :, ::-1], pixels)
        return np.ascontiguousarray(mirrored)


@dataclass(frozen=True)
class CanvasStart(PixelStart):
    """The canvases of another method."""

    canvases: Canvases

    def pixels(self, rows: Rows) -> UInt8[np.ndarray, "b s s 3"]:
        """Draw some canvases."""
        return self.canvases.draw(rows)


def check_real(name: str, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
    """Raise ValueError for more images of a class than there are real ones to start from."""
    have = np.bincount(seen.labels, minlength=seen.classes)
    short = int(np.argmin(have - counts))
    if counts[short] > have[short]:
        raise ValueError(
            f"{name} starts each image from another real image of its class, but "
            f"{seen.dataset.classes.names[short]!r} has {have[short]} and {counts[short]} are "
            f"wanted. Use ipc<={have.min()}, or init=noise."
        )


def colours(network: "Network") -> tuple[Colour, Colour]:
    """Return the mean and the deviation that a network normalises by."""
    mean, std = (one.flatten().tolist() for one in (network.mean, network.std))
    return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])


def normalised(
    pixels: UInt8[np.ndarray, "b s s 3"], mean: Colour, std: Colour
) -> Float32[np.ndarray, "b 3 s s"]:
    """Return pixels as a network sees them."""
    scaled = pixels.astype(np.float32) / np.float32(255)
    moved = (scaled - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(moved.transpose(0, 3, 1, 2))
