"""Canvases: the images that a method makes, drawn part by part before the set is written."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from smallset.data import ImageDataset, cores, fit_boxes, ordered, read_box
from smallset.data.arrays import ArrayRows
from smallset.data.decode import BadImage, image_format
from smallset.records import CODEC_BLOCK, Classes, Fit, Plan, Progress
from smallset.shapes import Int64, UInt8
from smallset.store.images import TileRows

Drawing = Callable[[], UInt8[np.ndarray, "k s s 3"]]
Rows = Sequence[int]
"""Rows of the plan in ascending order, as a range or a tuple."""

ROWS = 32
"""The number of canvases in a part. Their encoded sources travel with the part to a worker."""


class Canvases(ABC):
    """A plan, and the pixels of its canvases.

    The canvases are drawn in parts, by any worker and in any order. The pixels of a part depend on
    the part alone.
    """

    plan: Plan

    @property
    def kept_as(self) -> str | None:
        """The name under which finished parts are kept until the set is written.

        The name is a fingerprint of all that the pixels depend on. None means that canvases are
        cheap to draw: nothing is kept, and any run of rows may be drawn on its own.
        """
        return None

    @property
    def parts(self) -> Sequence[Rows]:
        """The rows of each part; neighbours in the plan may be in different parts."""
        m = len(self.plan.label)
        return [range(start, min(start + ROWS, m)) for start in range(0, m, ROWS)]

    @property
    def past(self) -> Sequence[int]:
        """The numbers of iterations after which the first images of the first part are recorded.

        `draw` returns the recorded images after the canvases of the first part. They become a
        picture of how the images came about. Other parts record nothing, nor do canvases that are
        not kept.
        """
        return ()

    @property
    def gpus(self) -> float:
        """The number of GPUs that a worker needs to draw a part."""
        return 0.0

    @abstractmethod
    def draw(self, rows: Rows, progress: Progress | None = None) -> UInt8[np.ndarray, "k s s 3"]:
        """Draw the canvases `rows`, and after them the images that `past` asks for.

        If parts are kept, `rows` must be one of `parts`.
        """

    def carried(self, rows: Rows) -> Drawing:
        """Return a function that draws `rows` on a worker. It can be pickled."""
        return partial(self.draw, rows)

    def check_copies(self, fit: Fit) -> None:
        """Raise ValueError unless each canvas is one whole source image that can be copied."""
        del fit
        raise _no_copies("this method draws its own")

    def copied(self, row: int) -> bytes:
        """Return the bytes of the source image on canvas `row`. Call `check_copies` first."""
        del row
        raise _no_copies("this method draws its own")


@dataclass(frozen=True, eq=False)
class Rendered(Canvases):
    """Canvases drawn from the images of a dataset, as the plan says."""

    plan: Plan
    dataset: ImageDataset

    def draw(self, rows: Rows, progress: Progress | None = None) -> UInt8[np.ndarray, "k s s 3"]:
        """Draw the canvases `rows`."""
        del progress
        return np.stack([render(self.plan, row, self.dataset) for row in rows])

    def carried(self, rows: Rows) -> Drawing:
        """Return a function that draws `rows`, and carries only the images that they show."""
        part = self.plan.take(rows)
        used = np.unique(part.source[part.source >= 0])
        found = np.searchsorted(used, part.source)
        plan = replace(part, source=np.where(part.source >= 0, found, part.source))
        return partial(Rendered(plan, carried(self.dataset, used)).draw, range(len(rows)))

    def check_copies(self, fit: Fit) -> None:
        """Raise ValueError unless each canvas shows one source image, made square by `fit`.

        A plan without canvases is refused too if it has sheets or several tiles a canvas.
        """
        plan, dataset = self.plan, self.dataset
        tiles = plan.source.shape[1]
        if plan.image_size is not None:
            raise _no_copies("a sheet of this method shows several of them")
        if tiles > 1:
            raise _no_copies(f"a canvas of this method shows {tiles} of them")
        if isinstance(dataset.origin, ArrayRows | TileRows):
            raise _no_copies(f"{dataset.name!r} has pixels and no encoded images")
        source = plan.source[:, 0]
        boxes = fit_boxes(dataset.sizes[source], fit)
        whole = (plan.tile_box == [0, 0, plan.size, plan.size]).all()
        if (source < 0).any() or not whole or (plan.source_box[:, 0] != boxes).any():
            raise _no_copies("this method shows parts of them")

    def copied(self, row: int) -> bytes:
        """Return the bytes of the source image on canvas `row`. Raises ValueError if damaged."""
        index = int(self.plan.source[row, 0])
        encoded = self.dataset.encoded(index)
        try:
            image_format(encoded)
        except BadImage as error:
            raise ValueError(
                f"{self.dataset.id(index)!r} of {self.dataset.name!r} {error}, but was an image "
                "when it was indexed. Restore the file and run again."
            ) from error
        return encoded


def _no_copies(why: str) -> ValueError:
    return ValueError(
        f"codec 'original' copies the bytes of whole images, but {why}. "
        "Use another codec, such as png."
    )


@dataclass(frozen=True)
class Carried:
    """The encoded images that a part needs, with their names in their dataset."""

    names: tuple[str, ...]
    encoded: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.encoded)

    def name(self, row: int) -> str:
        """Return an image's name in its dataset."""
        return self.names[row]

    def read(self, row: int) -> bytes:
        """Return an image's bytes."""
        return self.encoded[row]


def carried(dataset: ImageDataset, images: Int64[np.ndarray, " k"]) -> ImageDataset:
    """Return a dataset of some images that holds their encoded bytes, to send to a worker."""
    # A shared file system answers slowly but reads fast, so many threads ask at once.
    encoded = tuple(ordered(dataset.encoded, images.tolist(), threads=cores()))
    return replace(
        dataset.take(images),
        classes=Classes(()),
        rows=np.arange(len(images)),
        skipped=(),
        encoded_bytes=sum(map(len, encoded)),
        origin=Carried(tuple(map(dataset.id, images.tolist())), encoded),
    )


def render(plan: Plan, row: int, dataset: ImageDataset) -> UInt8[np.ndarray, "s s 3"]:
    """Draw canvas `row` of `plan` from the images of `dataset`. Pixels without a tile are black.

    On a sheet, the last pixels of a tile are repeated up to the end of its codec block, because a
    black edge would cost bytes.
    """
    canvas = np.zeros((plan.size, plan.size, 3), dtype=np.uint8)
    for source, source_box, tile_box in zip(
        plan.source[row], plan.source_box[row], plan.tile_box[row], strict=True
    ):
        if source < 0:
            continue
        left, top, right, bottom = (int(edge) for edge in tile_box)
        pixels = dataset.pixels(int(source))
        tile = read_box(pixels, source_box, (right - left, bottom - top), plan.resample)
        if plan.image_size is not None:
            tile = np.pad(
                tile, ((0, -bottom % CODEC_BLOCK), (0, -right % CODEC_BLOCK), (0, 0)), "edge"
            )
        height, width = tile.shape[:2]
        canvas[top : top + height, left : left + width] = tile
    return canvas


def check_plan(plan: Plan, dataset: ImageDataset, *, may_vanish: bool = False) -> None:
    """Raise ValueError if `plan` cannot be drawn from `dataset`, or leaves a class empty.

    `may_vanish` allows empty classes, but not an empty plan.
    """
    if plan.size < 1:
        raise ValueError(f"The plan's canvas is {plan.size} pixels, but needs at least 1.")
    sources = plan.source
    if sources.size and sources.max() >= len(dataset):
        raise ValueError(
            f"The plan asks for image {int(sources.max())}, but {dataset.name!r} ({dataset.split}) "
            f"has {len(dataset)} images. Use the plan with the dataset it was made for."
        )
    classes = dataset.classes
    if plan.label.size and not 0 <= plan.label.min() <= plan.label.max() < len(classes):
        raise ValueError(
            f"The plan has the labels {int(plan.label.min())} to {int(plan.label.max())}, but "
            f"{dataset.name!r} has {len(classes)} classes. Use labels 0 to {len(classes) - 1}."
        )
    counts = np.bincount(plan.label, minlength=len(classes))
    if not counts.any() or (not may_vanish and (counts == 0).any()):
        name = classes.names[int(np.argmin(counts))]
        raise ValueError(
            f"The plan has no image of class {name!r}, but a set needs one of every class: an "
            f"empty class folder shifts the class index in most readers. Plan at least one."
        )
    drawn, tiles = plan.source_box[sources >= 0], plan.tile_box
    fault = None
    if (drawn[..., :2] >= drawn[..., 2:]).any():
        fault = "source box that is empty"
    elif tiles.min() < 0 or tiles.max() > plan.size or (tiles[..., :2] >= tiles[..., 2:]).any():
        fault = f"tile box that is empty or outside the canvas of {plan.size} pixels"
    if fault is not None:
        raise ValueError(
            f"The plan has a {fault}. Boxes are (left, top, right, bottom), right and bottom "
            "exclusive."
        )
