"""The frozen records that cross rooms: arrays of indices and boxes, and what made them."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Result:
    """What one student learned from one compressed set: a line of `results.jsonl`.

    Accuracies are fractions of the held-out images (`top5` is 1 where there are at most 5 classes),
    `loss` is the last epoch's mean training loss, `seconds` the training alone, bytes those of the
    files. `fingerprint` names everything the numbers depend on; `set_seed` (None for other people's
    sets), `observer_seed` (None where no observer was asked) and `student_seed` make the replicate.
    `vanished` are the classes of which the set has no image (an unbalanced selection's).
    `source_fingerprint` is that of the data the set was made from (of a set without a manifest: its
    own), `data_fingerprint` that of the data it was tested on.
    `labels` is "hard" or "online"; online ones come from `teacher` (its spec), all that its logits
    depend on being named by `teacher_sha256`, whose accuracy on the held-out images is
    `teacher_top1` and whose weights count as `teacher_bytes`.
    """

    fingerprint: str
    dataset: str
    data_fingerprint: str
    held_out: str
    method: str
    spec: str
    plan_sha256: str
    source_fingerprint: str
    codec: str
    fit: str
    classes: tuple[str, ...]
    vanished: tuple[str, ...]
    ipc: int | None
    images: int
    size: int
    view: str
    labels: str
    teacher: str | None
    teacher_sha256: str | None
    teacher_top1: float | None
    student: str
    protocol: str
    set_seed: int | None
    observer_seed: int | None
    student_seed: int
    top1: float
    top5: float
    per_class: tuple[float, ...]
    loss: float
    steps: int
    seconds: float
    images_per_second: float
    image_bytes: int
    label_bytes: int
    teacher_bytes: int
    source_images: int
    source_bytes: int
    precision: str
    device: str
    threads: int
    hardware: str
    compiled: bool
    versions: Mapping[str, str]
