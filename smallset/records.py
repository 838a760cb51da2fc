"""The frozen records that cross rooms: arrays of indices and boxes, and what made them."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int32, Int64

Fit = Literal["squash", "crop", "pad"]
Resample = Literal["antialias", "nearest"]

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) now and then by work that takes long; `total` does not change.

A stage is a name, followed by its place in the job if there is one: "train, student 1 of 3".
"""


def part(progress: Progress | None, number: int, of: int, noun: str = "") -> Progress | None:
    """Return what tells `progress` of one of `of` equal parts as its place in the whole job.

    `number` counts from 0. What is done and the total are then those of all parts together. With a
    `noun` the stage also says which part it is.
    """
    if progress is None or of == 1:
        return progress

    def told(stage: str, done: int, total: int) -> None:
        name, comma, places = stage.partition(", ")
        own = f", {noun} {number + 1} of {of}" if noun else ""
        progress(f"{name}{own}{comma}{places}", number * total + done, of * total)

    return told


def composed(name: str) -> str:
    """Return a class name in the Unicode form NFC, in which equal names are equal texts.

    File systems and archives may change "é" to "e" and an accent. Names are compared in this form.
    """
    return unicodedata.normalize("NFC", name)


@dataclass(frozen=True)
class Classes:
    """The classes of a dataset: the position in `names` is the class index."""

    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Scores:
    """One difficulty a training image; larger is harder.

    `made_by` names the score's spec, the source's fingerprint and what looked at the images.
    """

    values: Float32[np.ndarray, " n"]
    made_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """Chosen images in order of choice, class after class.

    Within a class any prefix is the choice for the smaller budget, but where the draw itself
    follows the budget.
    """

    indices: Int64[np.ndarray, " k"]


@dataclass(frozen=True)
class Plan:
    """What to draw, before any pixel is touched: m canvases of `tiles` tiles each.

    Boxes are (left, top, right, bottom), right and bottom exclusive. `source` is the index of the
    tile's image in the training split, `source_box` lies in that image's pixels (a box that reaches
    beyond the image is padded with black), `tile_box` in the canvas's pixels. `label` is the class
    index of the canvas. Rows stand in order of choice, class after class.
    """

    size: int
    resample: Resample
    source: Int64[np.ndarray, "m tiles"]
    source_box: Int32[np.ndarray, "m tiles 4"]
    tile_box: Int32[np.ndarray, "m tiles 4"]
    label: Int64[np.ndarray, " m"]

    @classmethod
    def without_sources(cls, size: int, label: Int64[np.ndarray, " m"]) -> "Plan":
        """Return the plan of canvases that a method draws itself: one tile each, of no source."""
        whole = np.broadcast_to(np.array([0, 0, size, size], np.int32), (len(label), 1, 4))
        nowhere = np.full((len(label), 1), -1, np.int64)
        return cls(size, "antialias", nowhere, np.zeros_like(whole), whole, label)


@dataclass(frozen=True)
class Cost:
    """The bytes of all that a student was given: images, stored labels, the teacher's weights."""

    images: int
    labels: int = 0
    teacher: int = 0

    @property
    def total(self) -> int:
        """The sum of the parts."""
        return self.images + self.labels + self.teacher


@dataclass(frozen=True)
class Identity:
    """What tells a trained student from every other one; known before its set is made.

    `spec` is the canonical spec of the method, which names the observer's network. `ipc` is None
    if classes differ in their number of images, and for a student of the whole training split,
    whose `spec` is "full". `set_seed` (None for other people's sets), `observer_seed` (None if no
    observer was asked) and `student_seed` make the replicate. `labels` is the canonical spec of the
    label regime, such as `hard` or `online(teacher=SPEC)`, and `teacher` that of its teacher.
    """

    dataset: str
    data_fingerprint: str
    spec: str
    ipc: int | None
    images: int
    size: int
    fit: Fit
    codec: str
    view: str
    set_seed: int | None
    observer_seed: int | None
    student_seed: int
    student: str
    protocol: str
    labels: str
    teacher: str | None
    precision: str
    device: str
    threads: int

    @property
    def identity(self) -> "Identity":
        """The identity alone, without what a `Result` measured."""
        return Identity(*(getattr(self, f.name) for f in fields(Identity)))

    @property
    def regime(self) -> str:
        """The name of the label regime, without its options."""
        return self.labels.partition("(")[0]

    @property
    def is_hard(self) -> bool:
        """Whether the student was given class indices: what other labels are held against."""
        return self.labels == "hard"


@dataclass(frozen=True)
class Result(Identity):
    """What one student learned from one compressed set: a line of `results.jsonl`.

    Accuracies are fractions of the held-out images (`top5` is 1 if there are at most 5 classes),
    `loss` is the last epoch's mean training loss, `seconds` the training alone. `fingerprint` names
    everything that the numbers depend on. `vanished` are the classes of which the set has no image
    (an unbalanced selection's). `source_fingerprint` is that of the data the set was made from (for
    a set without a manifest: its own), `data_fingerprint` that of the data it was tested on.
    `teacher_sha256` names all that the teacher's logits depend on, `teacher_top1` is its accuracy
    on the held-out images. `budget` is the text that the set was asked for with, such as `ipc=10`,
    `view_seed` the seed that pinned the training views; None if that was not recorded.

    A field that comes later has a default: lines without it are read with that. A change of what a
    field means raises `format`, and `evidence.lines` upgrades the lines written before.
    """

    fingerprint: str
    method: str
    plan_sha256: str
    source_fingerprint: str
    source_images: int
    source_bytes: int
    held_out: str
    classes: tuple[str, ...]
    vanished: tuple[str, ...]
    teacher_sha256: str | None
    teacher_top1: float | None
    top1: float
    top5: float
    per_class: tuple[float, ...]
    loss: float
    steps: int
    seconds: float
    images_per_second: float
    cost: Cost
    hardware: str
    compiled: bool
    versions: Mapping[str, str]
    budget: str | None = None
    view_seed: int | None = None
    format: int = 2


@dataclass(frozen=True)
class Fact:
    """A number about one set that is not an accuracy: a line of `facts.jsonl`.

    `name` says what was measured, in `unit` ("" for a plain number). `low` and `high` are the ends
    of the value's 95 % interval over `n` things, None if there is none. `set_digest` names the
    whole manifest of the set, `observer` is the spec of the network that looked, None for none.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    unit: str
    dataset: str
    method: str
    spec: str
    plan_sha256: str
    set_digest: str
    observer: str | None
    hardware: str
    versions: Mapping[str, str]
    format: int = 1
