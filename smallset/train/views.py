"""Views: the boxes and flips of images in an epoch, drawn before any pixel is read.

The draw of image i in epoch e depends only on (seed, e, i): not on the batch, the order, the number
of images or the machine.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from smallset.seeds import derive
from smallset.shapes import Bool, Float64, Int32, Int64
from smallset.spec import build

VERSION = "views-1"
_BLOCK = 4096
_TRIES = 10
NUMBERS = 24
"""The random numbers of a view: 2 for each try, 2 for the place, 1 for the flip, 1 for the tile.

Philox needs a multiple of 4.
"""


@dataclass(frozen=True)
class Drawn:
    """One epoch's views: `box` (left, top, right, bottom) in canvas pixels, and `flip`."""

    box: Int32[np.ndarray, "k 4"]
    flip: Bool[np.ndarray, " k"]

    def take(self, images: Int64[np.ndarray, " b"]) -> "Drawn":
        """Return the views of the images at these positions."""
        return Drawn(self.box[images], self.flip[images])


@dataclass(frozen=True)
class View(ABC):
    """A random resized crop inside an area of the image, then a flip.

    `scale` is the range of the crop's share of the area, `ratio` of width to height, `flip` the
    probability of a mirror image.
    """

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5

    def __post_init__(self) -> None:
        needs = {
            "scale": (0 < self.scale[0] <= self.scale[1] <= 1, "a range of area shares",
                      "(low, high) with 0 < low <= high <= 1"),
            "ratio": (0 < self.ratio[0] <= self.ratio[1], "a range of width to height",
                      "(low, high) with 0 < low <= high"),
            "flip": (0 <= self.flip <= 1, "a probability", "a number in 0..1"),
        }  # fmt: skip
        for option, (fits, kind, needed) in needs.items():
            if not fits:
                called = {view: name for name, view in VIEWS.items()}.get(type(self), "a view")
                raise ValueError(
                    f"{called}'s {option}={getattr(self, option)} is not {kind}. Give {needed}."
                )

    def an_epoch(self, tiles: int) -> int:
        """Return the number of views in an epoch of an image with `tiles` tiles."""
        return 1

    def draw(
        self,
        tile_box: Int32[np.ndarray, "m tiles 4"],
        images: Int64[np.ndarray, " k"],
        *,
        seed: int,
        epoch: int,
    ) -> Drawn:
        """Draw the views of `images` (indices into `tile_box`) for one epoch."""
        numbers = uniform(images, seed=seed, epoch=epoch)
        area = self._area(tile_box[images], numbers)
        flip = numbers[:, 2 * _TRIES + 2] < self.flip
        return Drawn(crop_boxes(area, numbers, self.scale, self.ratio), flip)

    @abstractmethod
    def _area(
        self, tiles: Int32[np.ndarray, "k tiles 4"], numbers: Float64[np.ndarray, "k 24"]
    ) -> Int32[np.ndarray, "k 4"]:
        """Return the box of each image in which its crop lies."""


class Canvas(View):
    """One random resized crop across the whole image, then a flip (the field's standard)."""

    def _area(
        self, tiles: Int32[np.ndarray, "k tiles 4"], numbers: Float64[np.ndarray, "k 24"]
    ) -> Int32[np.ndarray, "k 4"]:
        """Return the box that spans all the tiles of an image."""
        return spans(tiles)


class Patch(View):
    """The A of PCA: one random resized crop inside one tile, then a flip; one view an epoch.

    A stands for augment. The tile is drawn uniformly for every image and epoch. `scale` is a share
    of the tile's area (arXiv 2502.06434, constrained augmentation). With one tile, the view is the
    same as Canvas.
    """

    def _area(
        self, tiles: Int32[np.ndarray, "k tiles 4"], numbers: Float64[np.ndarray, "k 24"]
    ) -> Int32[np.ndarray, "k 4"]:
        """Return the tile that is drawn."""
        tile = (numbers[:, -1] * tiles.shape[1]).astype(np.int64)
        area: Int32[np.ndarray, "k 4"] = tiles[np.arange(len(tiles)), tile]
        return area


class EachPatch(Patch):
    """Like patch, but every tile of a canvas gets a view in each epoch.

    It serves as a comparison for Patch, which shows one view of a canvas in an epoch (arXiv
    2502.06434). Both take equally many steps if the protocol's epochs are divided by the number of
    tiles. The loop treats the tiles as images of one tile.
    """

    def an_epoch(self, tiles: int) -> int:
        """Return `tiles`: one view of each tile."""
        return tiles


VIEWS: dict[str, type[View]] = {"canvas": Canvas, "patch": Patch, "each-patch": EachPatch}


def view_from(text: str) -> View:
    """Build a view from its spec, such as `patch` or `canvas(scale=(0.02, 0.25))`."""
    return build(text, View, {View: VIEWS})


def plain(view: View) -> View:
    """Return the view without augmentation: whole images or tiles, not mirrored."""
    return replace(view, scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0)


def whole_boxes(images: int, size: int) -> Int32[np.ndarray, "m 1 4"]:
    """Return the tile boxes of images of `size` pixels with one tile each."""
    return np.broadcast_to(np.array([0, 0, size, size], np.int32), (images, 1, 4))


def spans(tile_box: Int32[np.ndarray, "m tiles 4"]) -> Int32[np.ndarray, "m 4"]:
    """Return the box around all the tiles of each image."""
    return np.concatenate([tile_box[..., :2].min(1), tile_box[..., 2:].max(1)], axis=1)


def draw_epoch(
    view: View, tile_box: Int32[np.ndarray, "m tiles 4"], *, seed: int, epoch: int
) -> Drawn:
    """Draw one epoch's views of all m images: 17 bytes an image.

    Drawing by shuffled batches would generate most random numbers of a large set for each batch.
    In order, block by block, each number is generated once.
    """
    m = len(tile_box)
    box, flip = np.empty((m, 4), np.int32), np.empty(m, bool)
    for start in range(0, m, _BLOCK):
        images = np.arange(start, min(start + _BLOCK, m))
        drawn = view.draw(tile_box, images, seed=seed, epoch=epoch)
        box[images], flip[images] = drawn.box, drawn.flip
    return Drawn(box, flip)


def uniform(
    images: Int64[np.ndarray, " k"], *, seed: int, epoch: int
) -> Float64[np.ndarray, "k 24"]:
    """Return the 24 random numbers in 0..1 of each image for an epoch, with random access.

    Philox is counter-based: image i owns the numbers 24 i .. 24 i + 23 of the epoch's stream. So a
    block of neighbours is one draw, and no image's numbers depend on other draws.
    """
    key = derive(seed, "view", VERSION, epoch)
    numbers = np.empty((len(images), NUMBERS))
    for index in np.unique(images // _BLOCK):
        stream = np.random.Generator(
            np.random.Philox(key=key, counter=int(index) * _BLOCK * NUMBERS // 4)
        )
        here = images // _BLOCK == index
        last = int(images[here].max()) - int(index) * _BLOCK
        numbers[here] = stream.random((last + 1, NUMBERS))[images[here] - index * _BLOCK]
    return numbers


def crop_boxes(
    area: Int32[np.ndarray, "k 4"],
    numbers: Float64[np.ndarray, "k 24"],
    scale: tuple[float, float],
    ratio: tuple[float, float],
) -> Int32[np.ndarray, "k 4"]:
    """Place a random resized crop inside each box of `area`, by torchvision's rule.

    `numbers` are those of `uniform`. Of ten tries (share of the area, log-uniform ratio), the first
    that fits is taken, or else the largest centred box within the range of ratios. Boxes have whole
    pixels and sides of at least 1.
    """
    width, height = area[:, 2] - area[:, 0], area[:, 3] - area[:, 1]
    share = scale[0] + (scale[1] - scale[0]) * numbers[:, :_TRIES]
    low, high = np.log(ratio[0]), np.log(ratio[1])
    aspect = np.exp(low + (high - low) * numbers[:, _TRIES : 2 * _TRIES])
    target = share * (width * height)[:, None]
    w = np.maximum(np.rint(np.sqrt(target * aspect)), 1)
    h = np.maximum(np.rint(np.sqrt(target / aspect)), 1)
    fits = (w <= width[:, None]) & (h <= height[:, None])
    first, rows = fits.argmax(1), np.arange(len(area))
    narrow = (
        np.clip(np.rint(width / ratio[0]), 1, height),
        np.clip(np.rint(height * ratio[1]), 1, width),
    )
    w = np.where(fits.any(1), w[rows, first], narrow[1])
    h = np.where(fits.any(1), h[rows, first], narrow[0])
    place_x, place_y = numbers[:, 2 * _TRIES], numbers[:, 2 * _TRIES + 1]
    centred = ~fits.any(1)
    x = np.where(centred, (width - w) // 2, np.floor(place_x * (width - w + 1)))
    y = np.where(centred, (height - h) // 2, np.floor(place_y * (height - h + 1)))
    left, top = area[:, 0] + x, area[:, 1] + y
    return np.stack([left, top, left + w, top + h], axis=1).astype(np.int32)
