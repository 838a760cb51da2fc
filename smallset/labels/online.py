"""Online soft labels: a teacher labels every view that the student sees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smallset.labels.regime import OpenLabels, Regime
from smallset.lazy import Tensor, torch
from smallset.models import Teacher, check_teacher_files, load_teacher
from smallset.shapes import Float32, Int64
from smallset.store import TrainingSet
from smallset.train.device import Machine
from smallset.train.protocol import StudentProtocol


@dataclass(frozen=True)
class Online(Regime):
    """A teacher's logits for every mixed view, made while the student trains and never stored.

    `teacher` is the spec of a network.
    """

    watched: ClassVar[bool] = True
    teacher: str = ""

    def __post_init__(self) -> None:
        if not self.teacher.strip():
            raise ValueError(
                "labels='online' names no teacher, but needs a network that makes the labels. "
                "Give --teacher SPEC, or online(teacher=SPEC)."
            )

    def check(self) -> None:
        """Raise ValueError or OSError if the teacher's spec or its files are wrong."""
        check_teacher_files(self.teacher)

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> "OnlineLabels":
        """Load the teacher for the classes and the size of a set."""
        facts = made.facts
        loaded = load_teacher(self.teacher, classes=facts.classes, size=facts.size)
        return OnlineLabels(
            regime=self,
            facts={"sha256": loaded.sha256},
            teacher_bytes=loaded.bytes,
            teacher=loaded.spec,
            teacher_sha256=loaded.sha256,
            loaded=loaded,
        )


@dataclass(frozen=True, kw_only=True)
class OnlineLabels(OpenLabels):
    """Online labels with their loaded teacher."""

    loaded: Teacher

    def soft(self, machine: Machine) -> "Watching":
        """Return the teacher on a machine, as the training loop calls it."""
        return Watching(self.loaded, machine)

    def teacher_top1(self, measured: Callable[[Teacher], float]) -> float:
        """Measure the loaded teacher."""
        return measured(self.loaded)


class Watching:
    """`SoftLabels` of a teacher on a machine, computed from the pixels of each batch."""

    def __init__(self, teacher: Teacher, machine: Machine) -> None:
        self._network, self._machine = machine.place(teacher.network).eval(), machine

    def __call__(
        self,
        pixels: Float32[Tensor, "b 3 t t"],
        indices: Int64[np.ndarray, " b"],
        epoch: int,
    ) -> Float32[Tensor, "b c"]:
        """Return the teacher's logits for the pixels. The other arguments are not needed."""
        del indices, epoch
        # Not `inference_mode`: a loss on logits keeps them for its gradient, which that forbids.
        with torch.no_grad(), self._machine.autocast():
            logits: Tensor = self._network(pixels)
        return logits.float()
