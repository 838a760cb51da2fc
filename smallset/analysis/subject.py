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
from smallset.train.views import Patch, View, view_from, whole_boxes


@dataclass(frozen=True, eq=False)
class Subject:
    """The m images of a set or a split, and the k boxes that show one whole image each.

    A box (left, top, right, bottom) is a tile if the set's view looks at single tiles, or else all
    tiles of an image together. `owner` is the image of each box. `sources` are the positions of
    the training images that a box shows, -1 if unknown. `view` is None for a split, whose images
    are not trained on.
    """

    name: str
    method: str
    spec: str
    plan_sha256: str
    view_spec: str | None
    digest: str
    opened: Callable[[], Images]
    labels: Int64[np.ndarray, " m"]
    tile_box: Int32[np.ndarray, "m tiles 4"]
    view: View | None
    box: Int32[np.ndarray, "k 4"]
    owner: Int64[np.ndarray, " k"]
    sources: Int64[np.ndarray, "k s"]
    dataset: ImageDataset

    @cached_property
    def images(self) -> Images:
        """The images, decoded at the first use."""
        return self.opened()

    @property
    def box_labels(self) -> Int64[np.ndarray, " k"]:
        """The class index of each box."""
        labels: Int64[np.ndarray, " k"] = self.labels[self.owner]
        return labels

    def id(self, box: int) -> str:
        """Name the image of a box, with the box's number from 1 if the image has several."""
        name = repr(self.dataset.id(int(self.owner[box])))
        tiles = len(self.box) // len(self.labels)
        return f"{name} tile {box % tiles + 1}" if tiles > 1 else name


def of_set(made: TrainingSet, data: Data, desk: Desk, *, name: str) -> Subject:
    """Return a set as a subject. Its images are decoded at the first look."""
    facts, tile_box = made.facts, made.tile_box
    view = view_from(facts.view)
    m, tiles = tile_box.shape[:2]
    shown = np.full((m, tiles), -1)
    if isinstance(made, CompressedDataset) and made.origin == data.fingerprint:
        shown = made.plan.source
    if isinstance(view, Patch):
        box, owner = tile_box.reshape(-1, 4), np.repeat(np.arange(m), tiles)
        shown = shown.reshape(-1, 1)
    else:
        box = np.concatenate([tile_box[..., :2].min(1), tile_box[..., 2:].max(1)], axis=1)
        owner = np.arange(m)
    return Subject(
        name=name,
        method=facts.method,
        spec=facts.spec,
        plan_sha256=facts.plan_sha256,
        view_spec=facts.view,
        digest=made.digest,
        opened=partial(set_pixels, made, desk),
        labels=made.dataset.labels,
        tile_box=tile_box,
        view=view,
        box=box,
        owner=owner,
        sources=shown,
        dataset=made.dataset,
    )


def of_split(split: ImageDataset, data: Data, size: int, fit: Fit, desk: Desk) -> Subject:
    """Return the training or the held-out split of the data as a subject."""
    held_out = split is data.test
    view: How = "test" if held_out else fit
    name = "held-out" if held_out else "full"
    n = len(split)
    whole = whole_boxes(n, size)
    return Subject(
        name="held-out images" if held_out else "training images",
        method=name,
        spec=name,
        plan_sha256=name,
        view_spec=None,
        digest=fingerprint([data.fingerprint, name, size, view]),
        opened=partial(desk.decoded, split, size, view=view),
        labels=split.labels,
        tile_box=whole,
        view=None,
        box=whole[:, 0],
        owner=np.arange(n),
        sources=np.full((n, 1), -1) if held_out else np.arange(n)[:, None],
        dataset=split,
    )
