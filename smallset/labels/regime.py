"""The interfaces of a label regime and of its labels for one set, and hard labels."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from smallset.data.tree import is_set
from smallset.models import Teacher
from smallset.store import TrainingSet
from smallset.train.device import Machine
from smallset.train.loop import SoftLabels
from smallset.train.protocol import StudentProtocol

_LABELS = ".labels"


@dataclass(frozen=True)
class ToStore:
    """The labels that a teacher writes for a set: see `smallset.label`. `format` is a spec."""

    epochs: int
    format: str
    one_per_image: bool
    view_seed: int


@dataclass(frozen=True)
class Regime(ABC):
    """A way to tell a student what an image shows: a frozen dataclass whose fields are its options.

    A regime with a teacher has a field `teacher`, the spec of a network. `--teacher SPEC` fills the
    field if the regime's spec leaves it out. In a matrix, the field may be a name of [teachers].
    """

    soft: ClassVar[bool] = True
    """Whether the labels are logits, for which a protocol has a loss of its own."""
    watched: ClassVar[bool] = False
    """Whether a teacher labels every view while the student trains, which takes time."""

    @property
    def teacher_spec(self) -> str | None:
        """The spec of the teacher, or None if the regime has none or leaves it to the files."""
        return getattr(self, "teacher", None) or None

    def taught_by(self, teacher: str) -> "Regime":
        """Return the same regime with another teacher."""
        return replace(self, **{"teacher": teacher})

    def check(self) -> None:
        """Raise ValueError or OSError if files that the options name are missing. Opens no set."""
        return None

    def stored_as(self, protocol: StudentProtocol) -> "ToStore | None":
        """Return the files that students under a protocol need, or None if they need none."""
        return None

    @abstractmethod
    def open(self, made: TrainingSet, protocol: StudentProtocol) -> "OpenLabels":
        """Open the labels of one set, for students under one protocol.

        Raises ValueError or OSError if the labels are missing, damaged, or made for something else.
        """


@dataclass(frozen=True, kw_only=True)
class OpenLabels:
    """The labels of one set, as a student, its result and its fingerprint use them.

    `facts` are JSON values that name everything that the logits depend on. `view_seed` fixes the
    views of every student, if the labels belong to certain views. `mixed` says whether the labels
    are of mixed views. With a `pool`, students see views of the first `pool` epochs only. An
    instance of this class itself stands for hard labels: the student gets class indices, which cost
    no bytes.
    """

    regime: Regime
    facts: Mapping[str, object] = field(default_factory=dict)
    label_bytes: int = 0
    teacher_bytes: int = 0
    teacher: str | None = None
    teacher_sha256: str | None = None
    view_seed: int | None = None
    mixed: bool = True
    pool: int | None = None

    def soft(self, machine: Machine) -> SoftLabels | None:
        """Return the source of logits for the training loop, or None for class indices."""
        return None

    def teacher_top1(self, measured: Callable[[Teacher], float]) -> float | None:
        """Return the teacher's top-1 (a fraction) on the held-out images, or None if unknown.

        `measured` measures a loaded teacher, and raises ValueError if it is near chance.
        """
        return None


@dataclass(frozen=True)
class Hard(Regime):
    """The class index, and nothing from outside the set."""

    soft: ClassVar[bool] = False

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> OpenLabels:
        """Return labels that cost nothing."""
        return OpenLabels(regime=self)


def label_folder(made: TrainingSet) -> Path:
    """Return the folder of a set's label files, `SET.labels` beside the folder SET.

    The folder is not inside SET, because torchvision's ImageFolder takes every folder there for a
    class. Raises ValueError if the set has no folder.
    """
    if made.path is None:
        raise ValueError(
            f"the set {made.name!r} has no folder here, but its labels lie beside its folder. "
            "Give a set in a folder, or labels that name their file."
        )
    folder = made.path.resolve()
    return folder.with_name(f"{folder.name}{_LABELS}")


def check_not_labels(out: Path) -> None:
    """Raise ValueError if `out` is where the labels of a set belong, as `label_folder` names it."""
    path = out.resolve()
    owner = path.with_name(path.name.removesuffix(_LABELS) or path.name)
    if owner != path and is_set(owner):
        raise ValueError(
            f"'{out}' is the place for the labels of the set '{owner.name}' beside it. Needed a "
            f"name that does not end in {_LABELS}. Choose another OUT."
        )
