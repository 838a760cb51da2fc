"""What a student trains on: a compressed set, another person's, or a whole training split."""

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
    """The seeds of a set: `set` is None for a foreign one, `observer` if no network looked."""

    set: Whole | None
    observer: Whole | None


@dataclass(frozen=True, kw_only=True)
class SetFacts:
    """What a result line says of a set, whoever made it.

    `method` is as the user typed it, `spec` the whole spec with every option. `classes` and
    `counts` (images a class) stand in index order. `size` is in pixels, `view` a spec such as
    "patch(scale=(0.08, 1.0))", `image_bytes` the sum of the image files. `plan_sha256` names the
    plan. `made_with` describes the observer and so on.
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
        """The images per class, or None if classes differ in it."""
        return self.counts[0] if len(set(self.counts)) == 1 else None

    @property
    def budget(self) -> str | None:
        """The budget that the set was made under, as its text; None if nothing says it."""
        return None

    @property
    def vanished(self) -> tuple[str, ...]:
        """The classes without an image, which an unbalanced selection may leave behind."""
        return tuple(name for name, n in zip(self.classes, self.counts, strict=True) if n == 0)


@runtime_checkable
class TrainingSet(Protocol):
    """Images that a student trains on, as far as training and a result line ask for them."""

    @property
    def name(self) -> str:
        """What messages call the set."""
        ...

    @property
    def path(self) -> Path | None:
        """The folder of the set; None if it has none of its own."""
        ...

    @property
    def digest(self) -> str:
        """The sha256 of all that the set is and how it is read."""
        ...

    @property
    def facts(self) -> SetFacts:
        """What a result line says of the set."""
        ...

    @property
    def origin(self) -> str:
        """The fingerprint of the data that the set was made from; its own if nobody knows."""
        ...

    @property
    def dataset(self) -> ImageDataset:
        """The images, each of them whole, with their labels."""
        ...

    @property
    def tile_box(self) -> Int32[np.ndarray, "m tiles 4"]:
        """The tiles of each image: left, top, right, bottom in its pixels at `facts.size`."""
        ...

    @property
    def resample(self) -> Resample:
        """How an image of another size becomes a square of `facts.size`, under `facts.fit`."""
        ...

    @property
    def content(self) -> Int64[np.ndarray, " k"]:
        """Which source images the set shows (`smallset.data.content_of` each)."""
        ...


@dataclass(frozen=True, eq=False)
class PlainSet:
    """A `TrainingSet` that smallset did not make: a data set as it is, and what is known of it."""

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
        """What stands for each image's bytes."""
        return self.dataset.content
