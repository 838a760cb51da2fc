"""The rungs of successive halving, as tables of a matrix."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from smallset.budget import Budget
from smallset.methods import canonical
from smallset.numbers import check_number
from smallset.records import Fit, Result
from smallset.tuning.candidates import Candidate

_PROTOCOL = "small-v1"
_FEW = 3
"""The last rung has this many candidates or fewer."""
_DRAWS = 3
"""The sets and students of each candidate of the last rung. A candidate of another rung has one."""


@dataclass(frozen=True)
class Rung:
    """One round: `count` candidates are tried, each with `draws` students of `steps` steps."""

    number: int
    count: int
    steps: int
    draws: int

    @property
    def protocol(self) -> str:
        """The protocol of the rung's students."""
        return f"{_PROTOCOL}(steps={self.steps})"

    @property
    def students(self) -> int:
        """The number of students of all candidates."""
        return self.count * self.draws

    def results(self, candidate: Candidate, found: Sequence[Result]) -> list[Result]:
        """Return the results of a candidate in this rung."""
        wanted = candidate.spec, candidate.codec, self.protocol
        return [
            result
            for result in found
            if (canonical(result.spec, size=result.size), result.codec, result.protocol) == wanted
        ]


Fields = Sequence[tuple[Rung, Sequence[Candidate]]]
"""Rungs with their candidates, the first rung first."""


def rungs_of(count: int, *, steps: int) -> tuple[Rung, ...]:
    """Return the rungs for `count` candidates.

    Each rung keeps a third of the candidates and doubles the steps. The last rung has `steps` steps
    and at most three candidates, with three draws of each. Raises ValueError for too few steps.
    """
    counts = [count]
    while counts[-1] > _FEW:
        counts.append(-(-counts[-1] // 3))
    last = len(counts) - 1
    check_number("steps", steps, least=1 << last, unit=f"the steps of rung {last + 1}")
    return tuple(
        Rung(i + 1, count, steps >> (last - i), _DRAWS if i == last else 1)
        for i, count in enumerate(counts)
    )


@dataclass(frozen=True)
class Setting:
    """What all rungs share. `data` is the name of the validation part in the run."""

    title: str
    data: str
    size: int
    fit: Fit
    budget: Budget
    student: str


def matrix_of(fields: Fields, setting: Setting) -> str:
    """Return the text of a matrix with one table for each rung and codec.

    The text of the first rungs is the beginning of the text of all rungs.
    """
    every = dict(candidate.in_matrix for candidate in fields[0][1])
    lines = [f"title = {_toml(setting.title)}", "", "[methods]"]
    lines += [f"{_toml(label)} = {_toml(spec)}" for label, spec in every.items()]
    for rung, field in fields:
        for codec in dict.fromkeys(candidate.codec for candidate in field):
            methods = [c.in_matrix[0] for c in field if c.codec == codec]
            table = {
                "title": f"rung {rung.number}, {codec}",
                "data": setting.data,
                "size": setting.size,
                "budget": [str(setting.budget)],
                "students": [setting.student],
                "methods": methods,
                "protocols": [rung.protocol],
                "replicates": rung.draws,
                "observers": 1,
                "fit": setting.fit,
                "codec": codec,
            }
            lines += ["", "[[table]]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Write a text, a number or a list of texts as TOML does, which shares JSON's escapes."""
    return json.dumps(value, ensure_ascii=False)
