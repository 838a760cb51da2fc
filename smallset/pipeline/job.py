"""A job: what a method shall make of opened data, checked before anything is scored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from smallset.budget import Budget, PerClass, Wanted
from smallset.data import Data
from smallset.desk import Desk
from smallset.exchange.set_data import AnyData, made_from, open_any
from smallset.methods import PNG, Method, ShortClasses, method_from, spec_of
from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.parallel import Workers
from smallset.pipeline.desk import check_place, observed, side_of
from smallset.records import Fit
from smallset.store import About, Asked, Canvases, Codec, Seeds
from smallset.train.processes import first_alone, first_before_others


@dataclass(frozen=True)
class Order:
    """What a set is to be: the options of `compress`, as they were typed.

    All but `spread`, the workers that make the set, decide its images.
    """

    method: str | Method
    budget: Budget
    short_classes: ShortClasses
    size: int | None
    fit: Fit
    seed: int
    codec: str | None = None
    spread: Workers | None = None


@dataclass(frozen=True)
class Job:
    """What a method shall make of opened data.

    `have` are the numbers of training images, class by class. `known` are the facts about
    the set that are known before scoring.
    """

    order: Order
    method: Method
    data: Data
    seen: Observed
    desk: Desk
    have: list[int]
    wanted: Wanted
    known: About
    codec: Codec

    def canvases(self, wanted: Wanted) -> Canvases:
        """Make the canvases that are `wanted`."""
        return self.method.canvases(self.seen, wanted, seed=self.order.seed)

    def wanting(self, number: int) -> Wanted:
        """Return what is wanted for `number` canvases of each class, or in all if not balanced."""
        if self.method.balanced:
            names, short = self.data.train.classes.names, self.order.short_classes
            return self.method.wanted(PerClass(number), self.have, names, short_classes=short)
        each, rest = divmod(number, len(self.have))
        return Wanted(each + (np.arange(len(self.have)) < rest))

    def about(self, more: Mapping[str, str]) -> About:
        """Return the facts about the set that its manifest needs, with `more` in `made_with`."""
        made_with = self.method.facts(self.seen, self.wanted) | made_from(self.data)
        names = self.data.train.classes.names
        asked = Asked(str(self.order.budget), tuple(names[c] for c in self.wanted.short))
        return replace(self.known, made_with={**made_with, **more}, asked=asked)


def begin(data: AnyData, out: Path, order: Order, desk: Desk, *, pixels: bool = True) -> Job:
    """Open the data, and raise every error of the job that can be found before scoring.

    `pixels` says whether images are written.
    """
    order = replace(order, seed=check_number("seed", order.seed, least=0, unit="a seed"))
    first_alone(lambda: check_place(out, data))
    method = method_from(order.method) if isinstance(order.method, str) else order.method
    typed = order.method if isinstance(order.method, str) else spec_of(method)
    if order.short_classes not in get_args(ShortClasses):
        raise ValueError(
            f"short_classes={order.short_classes!r} is not known. Give 'error' or 'keep'."
        )
    if order.codec is not None:
        method = method.written_as(order.codec)
    codec = Codec.parse((method.codec or PNG) if order.codec is None else order.codec)
    method.check_files()
    with first_before_others():
        opened = open_any(data, desk)
    source, names = opened.train, opened.train.classes.names
    side = side_of(source, order.size)
    have = np.bincount(source.labels, minlength=len(names)).tolist()
    wanted = method.wanted(order.budget, have, names, short_classes=order.short_classes)
    if method.balanced and not wanted.counts.all():
        name = names[int(np.argmin(wanted.counts))]
        raise ValueError(
            f"{order.budget} leaves no image for the class {name!r}, but every class needs one. "
            "Give a larger budget."
        )
    method.check(source, size=side, fit=order.fit, codec=codec if pixels else None)
    observer, here = method.looks_through, desk.machine
    known = About(
        method=typed,
        spec=spec_of(method),
        seeds=Seeds(set=order.seed, observer=observer.seed if observer else None),
        given=opened.name,
        held_out=opened.held_out,
        fit=order.fit,
        view=spec_of(method.view),
        precision=here.precision if observer else "none",
        device=here.kind if observer else "none",
    )
    seen = observed(source, side, order.fit, desk, order.spread)
    return Job(order, method, opened, seen, desk, have, wanted, known, codec)
