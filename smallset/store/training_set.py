"""Training sets: a compressed set, a foreign set, or a whole training split."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int32, Int64

from smallset.data import ImageDataset
from smallset.records import Fit, Resample
from smallset.typed import Positive, Whole


@dataclass(frozen=True)
class Seeds:
    """The seeds of a set. `set` is None for a foreign set, `observer` if there was no observer."""

    set: Whole | None
    observer: Whole | None


@dataclass(frozen=True, kw_only=True)
class SetFacts:
    """The facts of a set that a result line records, regardless of who made the set.

    `method` is the method as the user typed it, `spec` the same with every option. `classes` and
    `counts` (images per class) are in index order. `size` is in pixels. `view` is a spec such as
    "patch(scale=(0.08, 1.0))". `image_bytes` is the sum over the image files. `plan_sha256`
    identifies the plan. `made_with` describes, for example, the observer.
    """

    method: str
    spec: str
    seeds: Seeds
    classes: tuple[str, ...]
    counts: tuple[Whole, ...]
    size: Positive
    fit: Fit
    view: str
    codec: str
    image_bytes: Whole
    plan_sha256: str
    made_with: Mapping[str, str]

    @property
    def images(self) -> int:
        """The number of images."""
        return sum(self.counts)

    @property
    def ipc(self) -> int | None:
        """The images per class, None if classes have different numbers."""
        return self.counts[0] if len(set(self.counts)) == 1 else None

    @property
    def budget(self) -> str | None:
        """The budget of the set as its text, None if it is unknown."""
        return None

    @property
    def vanished(self) -> tuple[str, ...]:
        """The classes without an image, which an unbalanced selection may leave behind."""
        return tuple(name for name, n in zip(self.classes, self.counts, strict=True) if n == 0)


@runtime_checkable
class TrainingSet(Protocol):
    """The images that a student trains on, and the facts that a result line needs."""

    @property
    def name(self) -> str:
        """The name of the set in messages."""

    @property
    def path(self) -> Path | None:
        """The folder of the set, None if it has none of its own."""

    @property
    def digest(self) -> str:
        """The sha256 of everything about the set, and of the way it is read."""

    @property
    def facts(self) -> SetFacts:
        """The facts that a result line records."""

    @property
    def origin(self) -> str:
        """The fingerprint of the data from which the set was made, or its own if unknown."""

    @property
    def dataset(self) -> ImageDataset:
        """The images and their labels. A mosaic counts as one whole image."""

    @property
    def tile_box(self) -> Int32[np.ndarray, "m tiles 4"]:
        """The tiles of each image: left, top, right and bottom, in pixels at `facts.size`."""

    @property
    def resample(self) -> Resample:
        """How an image of another size is resampled to a square of `facts.size`."""

    @property
    def content(self) -> Int64[np.ndarray, " k"]:
        """The `smallset.data.content_of` of each source image that the set shows."""


@dataclass(frozen=True, eq=False)
class PlainSet:
    """A `TrainingSet` that smallset did not make: a data set and the facts known about it."""

    name: str
    digest: str
    facts: SetFacts
    dataset: ImageDataset
    tile_box: Int32[np.ndarray, "m tiles 4"]
    resample: Resample = "antialias"
    path: Path | None = None

    @property
    def origin(self) -> str:
        """The fingerprint of the images themselves."""
        return self.dataset.fingerprint

    @property
    def content(self) -> Int64[np.ndarray, " m"]:
        """The `smallset.data.content_of` of each image."""
        return self.dataset.content
