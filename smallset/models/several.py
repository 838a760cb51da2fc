"""Several teachers as one: `teachers(A, B, rescale=true)` labels with the mean of their logits."""

import re
from dataclasses import dataclass

from smallset.numbers import counted
from smallset.spec import read, split

NAME = "teachers"


@dataclass(frozen=True)
class Several:
    """The specs of the teachers, and whether their logits are rescaled to one norm."""

    specs: tuple[str, ...]
    rescale: bool


def read_several(spec: str) -> Several | None:
    """Read the spec of several teachers, without opening any file. Return None for another spec.

    Raises ValueError for fewer than two teachers and for an unknown option.
    """
    inside = re.fullmatch(rf"\s*{NAME}\s*\((.*)\)\s*", spec, re.DOTALL)
    if inside is None:
        return None
    options = read(spec).options
    if unknown := set(options) - {"rescale"}:
        raise ValueError(
            f"{spec!r} has the option {min(unknown)!r}, but {NAME}(...) has only rescale. "
            "Give an option of one teacher inside its own brackets."
        )
    rescale = options.get("rescale", False)
    if not isinstance(rescale, bool):
        raise ValueError(f"{spec!r}: rescale is not true or false. Give one of them.")
    parts = [part for part in split(inside[1]) if not re.match(r"rescale\s*=", part)]
    if len(parts) < 2:
        raise ValueError(
            f"{spec!r} names {counted(len(parts), 'teacher')}, but a mean needs two or more. "
            f"Give {NAME}(A, B), or the one teacher without {NAME}(...)."
        )
    return Several(tuple(parts), rescale)
