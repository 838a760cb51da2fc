"""What tuning chooses from, and the rungs of successive halving as tables of a matrix."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import features

from smallset.methods import brief_of, canonical, method_from, spec_of
from smallset.records import Fit, Result
from smallset.store import Codec

SELECTIONS = (
    "select=random",
    "score=el2n, select=middle(quantiles=(0, 0.5))",  # a draw from the easier half
)
"""How the default methods choose images. Each is one line."""
SIDES = (1, 3 / 4, 1 / 2)
"""The sides at which the default methods store images, as shares of the set's side."""
CODECS = ("webp:50", "webp:20", *(("avif:50",) if features.check("avif") else ()))

_PROTOCOL = "small-v1"
_FEW = 3
"""The rungs end with this many candidates or fewer."""
_DRAWS = 3
"""The sets and students of each candidate of the last rung. A candidate of another rung has one."""


@dataclass(frozen=True)
class Candidate:
    """A method and the codec of its files.

    `method` is its spec without defaults, `spec` its canonical spec at the size of the set.
    """

    method: str
    codec: str
    spec: str

    def __str__(self) -> str:
        return f"{self.method} as {self.codec}"


@dataclass(frozen=True)
class Rung:
    """One round: `count` candidates are tried, each with `draws` students of `steps` steps."""

    number: int
    count: int
    steps: int
    draws: int

    @property
    def protocol(self) -> str:
        """The protocol of its students."""
        return f"{_PROTOCOL}(steps={self.steps})"

    @property
    def students(self) -> int:
        """The students of all candidates."""
        return self.count * self.draws

    def results(self, candidate: Candidate, found: Sequence[Result]) -> list[Result]:
        """Return the results of a candidate in this rung."""
        wanted = candidate.spec, candidate.codec, self.protocol
        return [
            result
            for result in found
            if (canonical(result.spec, size=result.size), result.codec, result.protocol) == wanted
        ]


def default_methods(size: int) -> tuple[str, ...]:
    """Return the specs of the default methods for sets of `size` pixels: each way to choose images,
    on sheets of each side.
    """
    sides = dict.fromkeys(max(1, round(share * size)) for share in SIDES)
    sheets = ["sheet" if side == size else f"sheet(side={side})" for side in sides]
    return tuple(f"prune({way}, mosaic={sheet})" for way in SELECTIONS for sheet in sheets)


def candidates(methods: Sequence[str], codecs: Sequence[str], *, size: int) -> list[Candidate]:
    """Return each method with each codec, without repetitions.

    Raises ValueError for an unknown method or codec.
    """
    built = {spec_of(m.resolved(size=size)): brief_of(m) for m in map(method_from, methods)}
    known = dict.fromkeys(str(Codec.parse(codec)) for codec in codecs)
    return [Candidate(brief, codec, spec) for codec in known for spec, brief in built.items()]


def rungs_of(count: int, *, steps: int) -> tuple[Rung, ...]:
    """Return the rungs for so many candidates.

    Each rung keeps a third of the candidates and doubles the steps. The last rung has `steps` steps
    and at most three candidates, with three draws of each.
    """
    counts = [count]
    while counts[-1] > _FEW:
        counts.append(-(-counts[-1] // 3))
    last = len(counts) - 1
    return tuple(
        Rung(i + 1, count, max(1, steps >> (last - i)), _DRAWS if i == last else 1)
        for i, count in enumerate(counts)
    )


def matrix_of(
    fields: Sequence[tuple[Rung, Sequence[Candidate]]],
    *,
    title: str,
    data: str,
    size: int,
    fit: Fit,
    budget: str,
    student: str,
) -> str:
    """Return the text of a matrix with one table for each rung and codec.

    The text of the first rungs is the beginning of the text of all rungs.
    """
    every = dict.fromkeys(candidate.method for candidate in fields[0][1])
    lines = [f"title = {_quoted(title)}", "", "[methods]"]
    lines += [f"{_quoted(method)} = {_quoted(method)}" for method in every]
    for rung, field in fields:
        for codec in dict.fromkeys(candidate.codec for candidate in field):
            methods = [c.method for c in field if c.codec == codec]
            lines += [
                "",
                "[[table]]",
                f'title = "rung {rung.number}, {codec}"',
                f"data = {_quoted(data)}",
                f"size = {size}",
                f"budget = [{_quoted(budget)}]",
                f"students = [{_quoted(student)}]",
                f"methods = [{', '.join(map(_quoted, methods))}]",
                f'protocols = ["{rung.protocol}"]',
                f"replicates = {rung.draws}",
                "observers = 1",
                f'fit = "{fit}"',
                f'codec = "{codec}"',
            ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a text as TOML does, which shares JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)
