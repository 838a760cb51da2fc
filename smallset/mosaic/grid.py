"""A square grid of images. With one tile, a canvas is the plain image."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from smallset.numbers import check_number
from smallset.records import Plan, Resample, Selection
from smallset.shapes import Int32, Int64

_LARGEST = 1000  # far beyond any use; memory holds factor^2 boxes a canvas


@dataclass(frozen=True)
class Grid:
    """`factor` x `factor` whole images of one class on a canvas, in order of choice, row by row.

    The C (combine) of PCA (arXiv 2502.06434): canvas j holds the images of ranks j f^2 ..
    (j + 1) f^2 - 1, each shrunk by the factor f and not cropped. `resize="nearest"` is the paper's
    sampling. `content="centre"` is an ablation: a tile shows the middle of an image, which is not
    shrunk by the factor.
    """

    factor: int = 1
    resize: Resample = "antialias"
    content: Literal["whole", "centre"] = "whole"

    def __post_init__(self) -> None:
        check_number("grid's factor", self.factor, least=1, most=_LARGEST, unit="the tiles a side")

    @property
    def tiles(self) -> int:
        """The number of images on a canvas: factor^2."""
        return self.factor**2

    def __call__(
        self,
        selection: Selection,
        labels: Int64[np.ndarray, " n"],
        boxes: Int32[np.ndarray, "n 4"],
        *,
        size: int,
    ) -> Plan:
        """Lay out a selection. Raises ValueError unless each class fills whole canvases."""
        tile_box = self.tile_boxes(size)
        self._check_classes(labels[selection.indices])
        source = selection.indices.reshape(-1, self.tiles)
        source_box = boxes[source]
        if self.content == "centre":
            source_box = self._centres(source_box)
        return Plan(
            size=size,
            resample=self.resize,
            source=source,
            source_box=source_box,
            tile_box=np.repeat(tile_box[None], len(source), axis=0),
            label=labels[source[:, 0]],
        )

    def _check_classes(self, chosen: Int64[np.ndarray, " k"]) -> None:
        ranks = np.arange(len(chosen))
        if len(chosen) % self.tiles or (chosen != chosen[ranks - ranks % self.tiles]).any():
            classes, counts = np.unique(chosen, return_counts=True)
            first = zip(classes[:3], counts[:3], strict=True)
            given = ", ".join(f"{n} of class {c}" for c, n in first)
            more = ", ..." if len(classes) > 3 else ""
            raise ValueError(
                f"the selection ({given}{more}) would mix classes on a canvas: "
                f"grid(factor={self.factor}) needs a multiple of {self.tiles} images of every "
                "class, class after class. Select that many or use another factor."
            )

    def tile_boxes(self, size: int) -> Int32[np.ndarray, "tiles 4"]:
        """Return the boxes of the tiles in pixels. Raises ValueError if the canvas is too small."""
        if size < self.factor:
            raise ValueError(
                f"a canvas of {size} px has no room for {self.factor} tiles a side. "
                f"Use factor<={size} or a larger --size."
            )
        edges = np.arange(self.factor + 1) * size // self.factor
        top, left = np.meshgrid(edges[:-1], edges[:-1], indexing="ij")
        bottom, right = np.meshgrid(edges[1:], edges[1:], indexing="ij")
        return np.stack([left, top, right, bottom], axis=-1).reshape(-1, 4).astype(np.int32)

    def _centres(self, boxes: Int32[np.ndarray, "m tiles 4"]) -> Int32[np.ndarray, "m tiles 4"]:
        corner, extent = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
        inner = np.maximum(extent // self.factor, 1)
        start = corner + (extent - inner) // 2
        return np.concatenate([start, start + inner], axis=-1).astype(np.int32)
