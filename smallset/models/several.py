"""Several teachers as one: `teachers(A, B, rescale=true)` labels with the mean of their logits."""

import re
from dataclasses import dataclass

from smallset.numbers import counted
from smallset.spec import Call, read, write
from smallset.spec.grammar import Word

NAME = "teachers"


@dataclass(frozen=True)
class Several:
    """Several teachers by their specs.

    `rescale` tells whether their logits are scaled to one norm. `text` is the canonical spec.
    """

    specs: tuple[str, ...]
    rescale: bool
    text: str


def read_several(spec: str) -> Several | None:
    """Read the spec of several teachers, without opening any file. Return None for another spec.

    Raises ValueError for fewer than two teachers, for what is not a teacher, and for an unknown
    option.
    """
    if not re.match(rf"\s*{NAME}\s*\(", spec):
        return None
    call = read(spec)
    if unknown := set(call.options) - {"rescale"}:
        raise ValueError(
            f"{spec!r} has the option {min(unknown)!r}, but {NAME}(...) has only rescale. "
            "Give an option of one teacher inside its own brackets."
        )
    rescale = call.options.get("rescale", False)
    if not isinstance(rescale, bool):
        raise ValueError(f"{spec!r}: rescale is not true or false. Give one of them.")
    for value in call.args:
        if not isinstance(value, str | Word | Call):
            raise ValueError(
                f"{spec!r}: {write(value, {})} is not a teacher. Needed a folder that `smallset "
                "train` made, or a network such as resnet20(weights=PATH, classes=FILE). Put "
                "quotes around a folder that is called like a number."
            )
    if len(call.args) < 2:
        raise ValueError(
            f"{spec!r} names {counted(len(call.args), 'teacher')}, but a mean needs two or more. "
            f"Give {NAME}(A, B), or the one teacher without {NAME}(...)."
        )
    written = [write(value, {}) for value in call.args]
    specs = [v if isinstance(v, str) else w for v, w in zip(call.args, written, strict=True)]
    options = ["rescale=true"] if rescale else []
    return Several(tuple(specs), rescale, f"{NAME}({', '.join(written + options)})")
