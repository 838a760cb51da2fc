"""The named methods that choose images: random, pca, and one for each score and selector."""

import inspect
from collections.abc import Callable
from typing import Literal, TypeVar

from smallset.methods.pruned import Pruned
from smallset.mosaic import Grid, Mosaic, Sheet
from smallset.observers import AnyObserver, Observer
from smallset.records import Resample
from smallset.scores import EL2N, SCORES, Score
from smallset.selection import Easiest, Hardest, Random, Select, Spread
from smallset.spec import first_line
from smallset.train.views import Canvas, Patch, View

# What `pack` does by default, fixed by tuning on CIFAR-10's validation part (docs/pack.md).
PACK_SELECT: Select = Spread()
PACK_SHEET = Sheet(side="fit", enough=50)
PACK_CODEC = "webp:50"
PACK_VIEW = Canvas(scale=(0.5, 1.0))

Entry = TypeVar("Entry", bound=Callable[..., object])


def random(factor: int = 1, view: View = Canvas()) -> Pruned:
    """Random images, equally many of each class: the baseline."""
    return Pruned(None, Random(), Grid(factor), view)


def pca(
    score: Score | None = None,
    select: Select = Easiest(),
    factor: int = 2,
    resize: Resample = "antialias",
    content: Literal["whole", "centre"] = "whole",
    view: View = Patch(),
    pool: int | None = None,
) -> Pruned:
    """Prune to the easiest, combine four on a canvas, augment inside a tile (arXiv 2502.06434)."""
    if score is None and select.needs_scores:
        score = EL2N()
    return Pruned(score, select, Grid(factor, resize, content), view, pool)


def pack(
    score: Score | None = None,
    select: Select = PACK_SELECT,
    mosaic: Mosaic = PACK_SHEET,
    codec: str = PACK_CODEC,
    view: View = PACK_VIEW,
    pool: int | None = None,
) -> Pruned:
    """Images that `spread` chooses, on sheets in a lossy codec, as small as the bytes demand."""
    if score is None and select.needs_scores:
        score = EL2N()
    return Pruned(score, select, mosaic, view, pool, codec=codec)


def by_score(name: str) -> Callable[..., Pruned]:
    """Return the method named after a score, with its options and those of a pruned set.

    By default it keeps the easiest images, or the largest values of an uncertainty, as its paper
    does.
    """
    scorer = SCORES[name]
    largest = scorer.largest_first

    def method(
        select: Select = Hardest() if largest else Easiest(),
        factor: int = 1,
        view: View = Canvas(),
        pool: int | None = None,
        **options: object,
    ) -> Pruned:
        return Pruned(scorer(**options), select, Grid(factor), view, pool)

    which = "The most uncertain" if largest else "The easiest"
    line = f"{which} images by {name}, equally many of each class."
    return with_options(method, scorer, line)


def by_selector(
    selector: Callable[..., Select], default: Score | None = None
) -> Callable[..., Pruned]:
    """Return the method named after a selector, with its options and those of a pruned set.

    The method has an option `score` if a default score is given, else an option `observer`.
    """

    def scored(
        score: Score | None = default,
        factor: int = 1,
        view: View = Canvas(),
        pool: int | None = None,
        **options: object,
    ) -> Pruned:
        return Pruned(score, selector(**options), Grid(factor), view, pool)

    def featured(
        observer: AnyObserver = Observer(),
        factor: int = 1,
        view: View = Canvas(),
        pool: int | None = None,
        **options: object,
    ) -> Pruned:
        return Pruned(None, selector(**options), Grid(factor), view, pool, observer)

    return with_options(scored if default else featured, selector, first_line(selector))


def with_options(method: Entry, part: Callable[..., object], line: str) -> Entry:
    """Return `method` with the options of `part` before its own, and with the docstring `line`.

    The options go into the method's signature, where the reader of specs looks for them.
    """
    own = inspect.signature(method).parameters.values()
    placement = [p for p in own if p.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters = [*inspect.signature(part).parameters.values(), *placement]
    method.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    method.__doc__ = line
    return method
