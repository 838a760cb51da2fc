"""The named methods of the field, as compositions of a score, a selector, a mosaic and a view."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Int64

from smallset.mosaic import MOSAICS, Grid, Mosaic
from smallset.records import Resample, Selection
from smallset.scores import (
    AUM,
    BELOW_ZERO,
    EL2N,
    OBSERVERS,
    SCORES,
    UNCERTAINTIES,
    AnyObserver,
    Observer,
    Score,
)
from smallset.seeds import generator
from smallset.selection import (
    CCS,
    D2,
    SELECTORS,
    WEIGHING,
    Easiest,
    Hardest,
    Herding,
    KCenter,
    Moderate,
    Pool,
    Random,
    Select,
)
from smallset.spec import Tables, build, first_line, write
from smallset.train.views import VIEWS, Canvas, Patch, View


@dataclass(frozen=True)
class Method:
    """Any composition: score, selector, mosaic, and the view that belongs to the set.

    `pool` images of each class, drawn by the set seed, are all that the selector sees (None: the
    full data). `observer` gives the features of a selector that needs some where no score is, or
    none that looks through an observer of its own, which gives them otherwise.
    """

    score: Score | None = None
    select: Select = Easiest()
    mosaic: Mosaic = Grid()
    view: View = Canvas()
    pool: int | None = None
    observer: AnyObserver | None = None

    def __post_init__(self) -> None:
        name = _named(self.select)
        if self.select.needs_scores and self.score is None:
            raise ValueError(f"select={name} needs a score. Name one: score=el2n.")
        if self.score is not None and not self.select.needs_scores:
            raise ValueError(
                f"select={name} reads no score, but score={_named(self.score)} was given. "
                "Leave the score out, or select=easiest."
            )
        if name in WEIGHING and self.score is not None and _named(self.score) in BELOW_ZERO:
            raise ValueError(
                f"select={name} weighs by the score, so needs 0 or more, but {_named(self.score)} "
                "is negative of what is learned. Take one such as score=el2n."
            )
        trains = self.score is not None and isinstance(self.score.observer, Observer)
        if name == "beta" and self.score is not None and not trains:
            raise ValueError(
                f"select=beta needs the probabilities of an observer's training, but "
                f"{spec_of(self.score)} has no observer that trains. Take one that has: score=dual."
            )
        own = self.score is not None and self.score.observer is not None
        if self.observer is not None and (own or not self.select.needs_features):
            why = "the score has its own" if own else f"select={name} looks through none"
            raise ValueError(
                f"observer={spec_of(self.observer)} was given, but {why}. Leave it out"
                f"{', or give it to the score' if own else ''}."
            )
        if self.mosaic.tiles > 1 and not self.select.balanced:
            raise ValueError(
                f"select={spec_of(self.select)} takes any number of images of a class, but "
                f"{spec_of(self.mosaic)} needs a multiple of {self.mosaic.tiles}. "
                "Use factor=1, or a balanced selection."
            )
        if self.pool is not None and self.pool < 1:
            raise ValueError(f"pool={self.pool} leaves no image. Give images of each class.")

    @property
    def looks_through(self) -> AnyObserver | None:
        """The observer that the choice rests on, or None where no network looks."""
        if self.score is not None and self.score.observer is not None:
            return self.score.observer
        return (self.observer or Observer()) if self.select.needs_features else None

    @property
    def views_an_epoch(self) -> int:
        """How often a student sees each written image in an epoch."""
        return self.view.an_epoch(self.mosaic.tiles)

    def through(self, observer: AnyObserver) -> "Method":
        """Give the same method looking through another observer; one that looks at all."""
        if self.score is not None and self.score.observer is not None:
            return replace(self, score=replace(self.score, observer=observer))  # type: ignore[type-var]
        return replace(self, observer=observer)

    def resolved(self, *, size: int) -> "Method":
        """Give the same method with its observer's network named, as at an image size in pixels."""
        looks = self.looks_through
        return self.through(looks.resolved(size=size)) if looks else self

    def choose(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose images of a pool, or of a part of it; `counts` as in `Select`."""
        if self.pool is None:
            return self.select(pool, counts, seed=seed)
        part = np.concatenate(
            [
                np.sort(generator(seed, "pool", c).permutation(of_class)[: self.pool])
                for c, of_class in enumerate(pool.members())
            ]
        )
        chosen = self.select(pool.take(part), counts, seed=seed)
        return Selection(part[chosen.indices])


def random(factor: int = 1, view: View = Canvas()) -> Method:
    """Random images, equally many of each class: the baseline."""
    return Method(None, Random(), Grid(factor), view)


def pca(
    score: Score | None = None,
    select: Select = Easiest(),
    factor: int = 2,
    resize: Resample = "antialias",
    content: Literal["whole", "centre"] = "whole",
    view: View = Patch(),
    pool: int | None = None,
) -> Method:
    """Prune to the easiest, combine four to a canvas, augment inside one (arXiv 2502.06434)."""
    if score is None and select.needs_scores:
        score = EL2N()
    return Method(score, select, Grid(factor, resize, content), view, pool)


def by_score(name: str) -> Callable[..., Method]:
    """Give the method that a score names: its options, `select`, `factor`, `view` and `pool`.

    Its bare name keeps the easiest images, but of an uncertainty the largest, as its paper does.
    """
    scorer, largest = SCORES[name], name in UNCERTAINTIES

    def method(
        select: Select = Hardest() if largest else Easiest(),
        factor: int = 1,
        view: View = Canvas(),
        pool: int | None = None,
        **options: object,
    ) -> Method:
        return Method(scorer(**options), select, Grid(factor), view, pool)

    which = "The most uncertain" if largest else "The easiest"
    line = f"{which} images by {name}, equally many of each class."
    return _with_options(method, scorer, line)


def by_selector(
    selector: Callable[..., Select], default: Score | None = None
) -> Callable[..., Method]:
    """Give the method that a selector names: its options, what it looks through, the placement.

    It looks through an option `score` where a default is given, else through `observer`.
    """

    def scored(
        score: Score | None = default,
        factor: int = 1,
        view: View = Canvas(),
        pool: int | None = None,
        **options: object,
    ) -> Method:
        return Method(score, selector(**options), Grid(factor), view, pool)

    def featured(
        observer: AnyObserver = Observer(),
        factor: int = 1,
        view: View = Canvas(),
        pool: int | None = None,
        **options: object,
    ) -> Method:
        return Method(None, selector(**options), Grid(factor), view, pool, observer)

    return _with_options(scored if default else featured, selector, first_line(selector))


def _with_options(
    method: Callable[..., Method], part: Callable[..., object], line: str
) -> Callable[..., Method]:
    """Name the options of a part, for the spec's reader, before a method's own."""
    own = inspect.signature(method).parameters.values()
    placement = [p for p in own if p.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters = [*inspect.signature(part).parameters.values(), *placement]
    method.__signature__ = inspect.Signature(parameters, return_annotation=Method)  # type: ignore[attr-defined]
    method.__doc__ = line
    return method


METHODS: dict[str, Callable[..., Method]] = {
    "random": random,
    # Before pca: a selector typed as a method, such as hardest, is offered as el2n(select=hardest).
    **{name: by_score(name) for name in SCORES},
    "ccs": by_selector(CCS, AUM()),
    "d2": by_selector(D2, EL2N()),
    "herding": by_selector(Herding),
    "k-center": by_selector(KCenter),
    "moderate": by_selector(Moderate),
    "pca": pca,
    "prune": Method,
}

TABLES: Tables = {
    Method: METHODS,
    Score: SCORES,
    Observer: OBSERVERS,
    Select: SELECTORS,
    Mosaic: MOSAICS,
    View: VIEWS,
}


def method_from(text: str) -> Method:
    """Build a method from its spec, such as `pca(score=el2n(epochs=10, runs=1), factor=2)`."""
    method = build(text, Method, TABLES)
    assert isinstance(method, Method)  # build() gives what its table makes
    return method


def score_from(text: str) -> Score:
    """Build a score from its spec, such as `el2n(runs=3)`."""
    score = build(text, Score, TABLES)
    assert isinstance(score, Score)
    return score


def view_from(text: str) -> View:
    """Build a view from its spec, such as `patch` or `canvas(scale=(0.02, 0.25))`."""
    view = build(text, View, TABLES)
    assert isinstance(view, Canvas | Patch)
    return view


def spec_of(part: object) -> str:
    """Write the canonical spec of a method or any part of one."""
    return write(part, TABLES)


def brief_of(part: object) -> str:
    """Write the spec of a method or any part of one without what is default: for people."""
    return write(part, TABLES, brief=True)


def _named(part: object) -> str:
    return spec_of(part).partition("(")[0]


@cache
def known_method(spec: str) -> Method | None:
    """Build the method of a result's or a set's spec, as `method_from`; None where it is none here.

    Such are other people's sets, the whole training split, a user's own classes, and methods that
    name a file which is not here.
    """
    try:
        return method_from(spec)
    except (ValueError, OSError):
        return None


@cache
def canonical(spec: str, *, size: int) -> str:
    """Write a method's spec as this version does, its observer's network named as at `size` pixels.

    So texts compare that mean one method: an earlier version's lacks the options that came later,
    and `auto` stands for a network. What is no `known_method` stays as it is.
    """
    method = known_method(spec)
    return spec if method is None else spec_of(method.resolved(size=size))


@cache
def canonical_view(view: str) -> str:
    """Write a view's spec as this version does; what builds no view stays as it is."""
    try:
        return spec_of(view_from(view))
    except ValueError:
        return view
