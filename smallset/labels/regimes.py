"""The label regimes as specs: what a matrix or a command line names, before anything is loaded."""

from dataclasses import dataclass
from typing import ClassVar

from smallset.spec import quoted


@dataclass(frozen=True)
class Regime:
    """A way to tell a student what an image shows; `name` is how results call it."""

    name: ClassVar[str]


@dataclass(frozen=True)
class Hard(Regime):
    """The class index, and nothing from outside the set."""

    name: ClassVar[str] = "hard"


@dataclass(frozen=True)
class Online(Regime):
    """A teacher's logits for every mixed view, made while the student trains; nothing is stored.

    `teacher` is the spec of a network; quote one that has options of its own.
    """

    name: ClassVar[str] = "online"
    teacher: str = ""

    def __post_init__(self) -> None:
        if not self.teacher.strip():
            raise ValueError(
                "labels='online' names no teacher, but needs a network that gives the labels. "
                "Give one: --teacher SPEC, or online(teacher=SPEC)."
            )
        quoted(self.teacher)  # a result line must be able to say it
