"""The candidates of a tuning: methods, each with several codecs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import features

from smallset.budget import Budget, Bytes
from smallset.data import ImageDataset, fit_boxes
from smallset.methods import PACK_VIEW, Pruned, brief_of, method_from, spec_of
from smallset.methods.pruned import part_spec
from smallset.mosaic import Sheet
from smallset.records import Fit, Selection
from smallset.store import Codec, Encoding, Rendered, Sizes

SELECTIONS = (
    "select=random",
    "score=el2n, select=middle(quantiles=(0, 0.5))",  # a draw from the easier half
    "score=el2n, select=spread",
)
"""How the default methods choose images: each text is the options of one `prune`."""
CODECS = ("webp:50", "webp:20", *(("avif:50",) if features.check("avif") else ()))


@dataclass(frozen=True)
class Candidate:
    """A method and the codec of its files.

    `method` is its spec as given, `spec` its canonical spec at the size of the set.
    """

    method: str
    codec: str
    spec: str

    def __str__(self) -> str:
        return f"{self.method} as {self.codec}"

    @property
    def in_matrix(self) -> tuple[str, str]:
        """The label and the spec in a matrix. There, a method such as pack must name its codec."""
        method = method_from(self.method)
        if method.codec is None:
            return self.method, self.method
        return str(self), brief_of(method.written_as(self.codec))


def default_methods(size: int) -> tuple[str, ...]:
    """Return the specs of the default methods for sets of `size` pixels.

    They combine each way to choose images (`SELECTIONS`) with sheets of each side that side=fit
    tries. All have the view of `pack`.
    """
    _, *smaller = Sheet(side="fit").tried(size)  # the first has the side of the set
    sheets = ["sheet", *(part_spec(sheet, brief=True) for sheet in smaller)]
    view = part_spec(PACK_VIEW, brief=True)
    return tuple(
        f"prune({way}, mosaic={sheet}, view={view})" for way in SELECTIONS for sheet in sheets
    )


def candidates(methods: Sequence[str], codecs: Sequence[str], *, size: int) -> list[Candidate]:
    """Return each method with each codec, without repetitions.

    Raises ValueError for an unknown method or codec, and for an observer with a seed of its own.
    """
    found: dict[tuple[str, str], Candidate] = {}
    for codec in (str(Codec.parse(codec)) for codec in codecs):
        for text in methods:
            method = method_from(text)
            looks = method.looks_through
            if looks is not None and looks.seed:
                raise ValueError(
                    f"{text!r} gives its observer the seed {looks.seed}, but all candidates look "
                    "through observers of seed 0. Leave the seed out."
                )
            named = method.written_as(codec)  # a method such as pack names a codec of its own
            spec = spec_of(named.resolved(size=size))
            found.setdefault((codec, spec), Candidate(text, codec, spec))
    return list(found.values())


def that_fit(
    every: Sequence[Candidate], train: ImageDataset, *, budget: Budget, size: int, fit: Fit
) -> tuple[tuple[Candidate, ...], Mapping[Candidate, int]]:
    """Return the candidates that have room for one image of each class, and the others.

    The others come with the bytes of one image of each class, which exceed the budget.

    Raises ValueError if no candidate has room, or if a method cannot make a set of `size` pixels,
    and ValueError or OSError if a method names a file that cannot be used.
    """
    assert budget.limit is not None  # `tune` refuses other budgets
    least = {one: _least_bytes(one, train, budget=budget, size=size, fit=fit) for one in every}
    beyond = {one: taken for one, taken in least.items() if taken > budget.limit}
    if len(beyond) == len(every):
        smallest = min(beyond, key=lambda one: beyond[one])
        raise ValueError(
            f"{budget} has no room for one image of each class, which takes about "
            f"{beyond[smallest]:,} bytes for the smallest candidate, {smallest}. Give "
            f"{Bytes(beyond[smallest])} or more, or other methods and codecs."
        )
    return tuple(one for one in every if one not in beyond), beyond


def _least_bytes(
    candidate: Candidate, train: ImageDataset, *, budget: Budget, size: int, fit: Fit
) -> int:
    """Return the bytes of the candidate's smallest set, made of the first images of each class.

    Return 0 for a method that draws its own images, since only drawing them tells their bytes.
    """
    method, codec = method_from(candidate.method), Codec.parse(candidate.codec)
    method, _ = method.under_bytes(size=size)[-1]  # the way that takes the fewest bytes
    method.check_files()
    method.check(train, size=size, fit=fit, codec=codec)
    method.files(train)
    if not isinstance(method, Pruned):
        return 0
    labels, names = train.labels, train.classes.names
    ends = np.cumsum(np.bincount(labels, minlength=len(names)))
    classes = np.split(np.argsort(labels, kind="stable"), ends[:-1])
    counts = method.wanted(budget, [len(one) for one in classes], names).counts
    first = [one[:count] for one, count in zip(classes, counts, strict=True)]
    boxes = fit_boxes(train.sizes, fit)
    plan = method.mosaic(Selection(np.concatenate(first)), labels, boxes, size=size)
    return Sizes(Encoding(codec)).total(Rendered(plan, train))
