"""The facts about any training set, and the sets that smallset did not make."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset
from smallset.records import Fit, Resample
from smallset.shapes import Int32, Int64
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
        """The classes without an image, which an unbalanced selection may cause."""
        return tuple(name for name, n in zip(self.classes, self.counts, strict=True) if n == 0)


@dataclass(frozen=True, eq=False)
class PlainSet:
    """A training set that smallset did not make: a data set and the facts known about it.

    `digest` is the sha256 of everything about the set, and of the way it is read. `tile_box` holds
    the tiles of each image: left, top, right and bottom, in pixels at `facts.size`. `resample` is
    used for an image of another size. `path` is None if the set has no folder of its own.
    """

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
