"""The frozen records that rooms (packages) exchange: selections, plans, scores, results, facts."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from smallset.shapes import Float32, Int32, Int64

Fit = Literal["squash", "crop", "pad"]
Resample = Literal["antialias", "nearest"]

# The bounds are checked when a line is read.
_Count = Annotated[int, Meta(ge=0)]
_Fraction = Annotated[float, Meta(ge=0, le=1, description="a fraction from 0 to 1")]

Progress = Callable[[str, int, int], None]
"""Long work calls this with (stage, done, total) now and then; `total` does not change.

A stage is a name, followed by its place in the job if it has one: "train, student 1 of 3".
"""


def part(progress: Progress | None, number: int, of: int, noun: str = "") -> Progress | None:
    """Return a callback that reports part `number` (from 0) of `of` equal parts of a job.

    It reports the work done and the total of all parts together. With a `noun`, such as "run", the
    stage also says which part it is.
    """
    if progress is None or of == 1:
        return progress

    def told(stage: str, done: int, total: int) -> None:
        name, comma, places = stage.partition(", ")
        own = f", {noun} {number + 1} of {of}" if noun else ""
        progress(f"{name}{own}{comma}{places}", number * total + done, of * total)

    return told


def composed(name: str) -> str:
    """Return a class name in the Unicode form NFC, so that equal names compare as equal.

    File systems and archives may split "é" into "e" and an accent.
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
    """The difficulty of each training image; larger is harder.

    `made_by` holds the score's spec, the source's fingerprint and the observer.
    """

    values: Float32[np.ndarray, " n"]
    made_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """Chosen images in order of choice, class after class.

    `indices` are positions among the training images. Within a class, any prefix is the choice for
    a smaller budget, unless the selector's draw depends on the budget (`Select.ordered`).
    """

    indices: Int64[np.ndarray, " k"]


CODEC_BLOCK = 16
"""The side in pixels of the largest blocks of JPEG and WebP, which share their colours.

The tiles of a sheet start at multiples of this number.
"""


@dataclass(frozen=True)
class Plan:
    """What to draw on m canvases of `tiles` tiles each, before any pixel is read.

    `size` is the side of a canvas in pixels. Boxes are (left, top, right, bottom), right and bottom
    exclusive. `source` is the index of each tile's image in the training split, or -1 for none.
    `source_box` is in that image's pixels; the part of a box outside the image is drawn black.
    `tile_box` is in the canvas's pixels. `label` is the class index of the canvas. Rows are in
    order of choice, class after class.

    With an `image_size`, the canvases are sheets: each tile with a source is a training image,
    which students see at `image_size` pixels. Without an `image_size`, each canvas is one image.
    """

    size: int
    resample: Resample
    source: Int64[np.ndarray, "m tiles"]
    source_box: Int32[np.ndarray, "m tiles 4"]
    tile_box: Int32[np.ndarray, "m tiles 4"]
    label: Int64[np.ndarray, " m"]
    image_size: int | None = None

    @property
    def images(self) -> Int64[np.ndarray, " m"]:
        """The number of training images on each canvas."""
        if self.image_size is None:
            return np.ones(len(self.label), np.int64)
        shown: Int64[np.ndarray, " m"] = (self.source >= 0).sum(1)
        return shown

    def counts(self, classes: int) -> tuple[int, ...]:
        """Return the number of training images of each class."""
        found = np.bincount(self.label, weights=self.images, minlength=classes)
        return tuple(found.astype(int).tolist())

    def take(self, rows: Sequence[int]) -> "Plan":
        """Return the plan of the canvases `rows` only, in this order."""
        at = list(rows)
        return replace(
            self,
            source=self.source[at],
            source_box=self.source_box[at],
            tile_box=self.tile_box[at],
            label=self.label[at],
        )

    @classmethod
    def without_sources(cls, size: int, label: Int64[np.ndarray, " m"]) -> "Plan":
        """Return the plan of canvases that a method draws itself: one tile each, and no source."""
        whole = np.broadcast_to(np.array([0, 0, size, size], np.int32), (len(label), 1, 4))
        nowhere = np.full((len(label), 1), -1, np.int64)
        return cls(size, "antialias", nowhere, np.zeros_like(whole), whole, label)


@dataclass(frozen=True)
class Cost:
    """The bytes that a student needs: images, stored labels and the teacher's weights."""

    images: _Count
    labels: _Count = 0
    teacher: _Count = 0

    @property
    def total(self) -> int:
        """The sum of the parts."""
        return self.images + self.labels + self.teacher


@dataclass(frozen=True)
class Identity:
    """The facts that distinguish a trained student from all others, known before its set is made.

    `spec` is the canonical spec of the method, which names the observer's network. `spec` is "full"
    for a student of the whole training split. `ipc` is None for that student and if classes differ
    in their number of images. `images` is None if the number is known only after encoding; then,
    and only then, `budget` holds the budget as text. `set_seed` (None for other people's sets),
    `observer_seed` (None if the method uses no observer) and `student_seed` make the replicate.
    `labels` is the canonical spec of the label regime, such as `hard` or `online(teacher=SPEC)`;
    `teacher` is the spec of its teacher.
    """

    dataset: str
    data_fingerprint: str
    spec: str
    ipc: _Count | None
    images: _Count | None
    size: _Count
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
    threads: _Count
    budget: str | None = field(default=None, kw_only=True)

    @property
    def identity(self) -> "Identity":
        """The identity alone, without the measurements of a `Result`."""
        return Identity(**{f.name: getattr(self, f.name) for f in fields(Identity)})

    @property
    def regime(self) -> str:
        """The name of the label regime, without its options."""
        return self.labels.partition("(")[0]

    @property
    def is_hard(self) -> bool:
        """Whether the student learned from class indices, the baseline for all other labels."""
        return self.labels == "hard"


@dataclass(frozen=True)
class Result(Identity):
    """What one student learned from one compressed set: a line of `results.jsonl`.

    Accuracies are fractions of the held-out images; `top5` is 1 if there are at most 5 classes.
    `loss` is the mean training loss of the last epoch, `seconds` the time of the training alone.
    `fingerprint` covers everything that the numbers depend on. `vanished` are the classes without
    an image in the set, which an unbalanced selection may cause. `source_fingerprint` belongs to
    the data that the set was made from (to the set itself if it has no manifest),
    `data_fingerprint` to the data that the student was tested on. `teacher_sha256` covers
    everything that the teacher's logits depend on; `teacher_top1` is the teacher's accuracy on the
    held-out images. `budget` is the budget of any set as text, such as `ipc=10`. `view_seed` is
    the seed that the training views were pinned to. Either is None if it was not recorded.

    A new field needs a default, which older lines then get. A change in a field's meaning
    needs the next `format`, and `evidence.lines` upgrades older lines.
    """

    images: _Count
    fingerprint: str
    method: str
    plan_sha256: str
    source_fingerprint: str
    source_images: _Count
    source_bytes: _Count
    held_out: str
    classes: tuple[str, ...]
    vanished: tuple[str, ...]
    teacher_sha256: str | None
    teacher_top1: _Fraction | None
    top1: _Fraction
    top5: _Fraction
    per_class: tuple[float, ...]
    loss: float
    steps: _Count
    seconds: float
    images_per_second: float
    cost: Cost
    hardware: str
    compiled: bool
    versions: Mapping[str, str]
    view_seed: int | None = None
    format: int = 2


@dataclass(frozen=True)
class Fact:
    """A number about one set, or several, that is not an accuracy: a line of `facts.jsonl`.

    `name` says what was measured, in `unit` ("" for a plain number). `low` and `high` are the ends
    of the value's 95 % interval over `n` items, or None without an interval. `set_digest` is the
    digest of the set's manifest, `observer` the spec of the network used, or None.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    n: _Count
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
