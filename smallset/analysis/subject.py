"""Subjects: the images that an analysis looks at, of a set or of a split of the data."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from smallset.cell import set_pixels
from smallset.data import Data, ImageDataset
from smallset.data import View as How
from smallset.desk import Desk
from smallset.fingerprint import fingerprint
from smallset.records import Fit
from smallset.shapes import Int32, Int64
from smallset.store import CompressedDataset, TrainingSet
from smallset.train.shown import Images
from smallset.train.views import Drawn, Patch, View, spans, view_from, whole_boxes


@dataclass(frozen=True, eq=False)
class Subject:
    """The m images of a set or a split, and the k boxes that show one whole image each.

    A box (left, top, right, bottom) is a tile if the set's view looks at single tiles, or else all
    tiles of an image together. `sources` are the positions of the training images that a box shows,
    -1 if unknown. `view_spec` is None for a split, whose images are not trained on. `opened`
    decodes the images.
    """

    name: str
    method: str
    spec: str
    plan_sha256: str
    view_spec: str | None
    digest: str
    opened: Callable[[], Images]
    tile_box: Int32[np.ndarray, "m tiles 4"]
    sources: Int64[np.ndarray, "k s"]
    dataset: ImageDataset

    @cached_property
    def images(self) -> Images:
        """The images, decoded at the first use."""
        return self.opened()

    @property
    def labels(self) -> Int64[np.ndarray, " m"]:
        """The class index of each image."""
        return self.dataset.labels

    @cached_property
    def view(self) -> View | None:
        """The view that students train with, None for a split."""
        return None if self.view_spec is None else view_from(self.view_spec)

    @property
    def boxes_each(self) -> int:
        """The number of boxes of an image."""
        return self.tile_box.shape[1] if isinstance(self.view, Patch) else 1

    @cached_property
    def box(self) -> Int32[np.ndarray, "k 4"]:
        """The boxes, image after image."""
        if isinstance(self.view, Patch):
            return self.tile_box.reshape(-1, 4)
        return spans(self.tile_box)

    @cached_property
    def owner(self) -> Int64[np.ndarray, " k"]:
        """The position of the image that each box lies in."""
        return np.repeat(np.arange(len(self.labels)), self.boxes_each)

    @property
    def whole(self) -> Drawn:
        """A view of each whole box, not mirrored."""
        return Drawn(self.box, np.zeros(len(self.box), bool))

    @property
    def box_labels(self) -> Int64[np.ndarray, " k"]:
        """The class index of each box."""
        labels: Int64[np.ndarray, " k"] = self.labels[self.owner]
        return labels

    def id(self, box: int) -> str:
        """Name the image of a box, with the box's number from 1 if the image has several."""
        name = repr(self.dataset.id(int(self.owner[box])))
        return f"{name} tile {box % self.boxes_each + 1}" if self.boxes_each > 1 else name


def of_set(made: TrainingSet, data: Data, desk: Desk, *, name: str) -> Subject:
    """Return a set as a subject. Its images are decoded at the first look."""
    facts, shown = made.facts, np.full(made.tile_box.shape[:2], -1)
    if isinstance(made, CompressedDataset) and made.origin == data.fingerprint:
        shown = made.plan.source
    return Subject(
        name=name,
        method=facts.method,
        spec=facts.spec,
        plan_sha256=facts.plan_sha256,
        view_spec=facts.view,
        digest=made.digest,
        opened=partial(set_pixels, made, desk),
        tile_box=made.tile_box,
        sources=shown.reshape(-1, 1) if isinstance(view_from(facts.view), Patch) else shown,
        dataset=made.dataset,
    )


def of_split(split: ImageDataset, data: Data, size: int, fit: Fit, desk: Desk) -> Subject:
    """Return the training or the held-out split of the data as a subject."""
    held_out = split is data.test
    view: How = "test" if held_out else fit
    name = "held-out" if held_out else "full"
    n = len(split)
    return Subject(
        name="held-out images" if held_out else "training images",
        method=name,
        spec=name,
        plan_sha256=name,
        view_spec=None,
        digest=fingerprint([data.fingerprint, name, size, view]),
        opened=partial(desk.decoded, split, size, view=view),
        tile_box=whole_boxes(n, size),
        sources=np.full((n, 1), -1) if held_out else np.arange(n)[:, None],
        dataset=split,
    )
