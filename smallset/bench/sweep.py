"""A table of a matrix, with the fields of its TOML text."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from smallset import typed
from smallset.budget import Budget, PerClass, Share, budget_from
from smallset.labels import Hard, labels_spec
from smallset.methods import PNG, Method
from smallset.records import Fit
from smallset.store import Codec
from smallset.typed import Positive, Text

AUTO = "auto"
HARD = labels_spec(Hard())
FULL = "full"
"""Stands for the whole training split in place of a method's label or spec.

A report compares its rows with these results, which are not a row.
"""

_MOST = 100_000  # a run lists every replicate, and a huge list would never end

Word = Annotated[str, Meta(pattern=r"\S", description='text in quotes, such as "cifar10"')]
Words = Annotated[
    tuple[Text, ...],
    Meta(min_length=1, description='a list of different texts, as ["random", "pca"]'),
]
_Number = Annotated[int, Meta(ge=1, le=_MOST, description=f"a whole number from 1 to {_MOST}")]
_Numbers = Annotated[
    tuple[Positive, ...],
    Meta(min_length=1, description="a list of different whole numbers from 1, as [1, 10]"),
]
_Shares = Annotated[
    tuple[typed.Share, ...],
    Meta(min_length=1, description="a list of different shares above 0, as [0.1, 0.3]"),
]


@dataclass(frozen=True)
class Full:
    """The length of a student's training on the whole training split, in epochs."""

    epochs: _Number


@dataclass(frozen=True)
class Sweep:
    """A full product: every method x budget x student x labels x protocol x replicate.

    The fields are the keys of a [[table]]. `methods` are labels of the matrix. `labels` are specs
    of label regimes, whose teacher is a spec or a name in the matrix. `protocols` are names or
    "auto". Exactly one of `ipc`, `keep` and `budget` is given. If `full` is None, no student trains
    on the whole training split. If `size` is None, the data decides (see `BenchData.size`). `codec`
    is for the methods that do not name a codec (see `codec_of`).
    """

    title: Word
    data: Word
    students: Words
    methods: Words
    replicates: _Number
    ipc: _Numbers | None = None
    keep: _Shares | None = None
    budget: Words | None = None
    labels: Words = (HARD,)
    protocols: Words = (AUTO,)
    observers: _Number = 3
    fit: Fit = "squash"
    codec: Word = PNG
    full: Full | None = None
    size: _Number | None = None

    def codec_of(self, method: Method) -> str:
        """Return the codec of a method's sets."""
        return str(Codec.parse(method.codec or self.codec))

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets, in the order of the matrix."""
        return (
            *map(PerClass, self.ipc or ()),
            *map(Share, self.keep or ()),
            *map(budget_from, self.budget or ()),
        )
