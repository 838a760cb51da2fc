"""What `compress` and `select` share: which images a method chooses, before any pixel is drawn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float32

from smallset.cell import Desk
from smallset.data import Data, fit_boxes
from smallset.data.work import keeping
from smallset.exchange.set_data import MADE_FROM
from smallset.methods import Method, method_from, spec_of
from smallset.observers.shards import Shards
from smallset.parallel import Workers
from smallset.pipeline.budget import (
    Budget,
    ShortClasses,
    asked_of,
    budget_from,
    check_short_classes,
    wanted,
)
from smallset.pipeline.desk import (
    AnyData,
    check_files,
    check_number,
    looked_with,
    observed,
    open_source,
    side_of,
)
from smallset.records import Fit, Plan, Selection
from smallset.scores import DUAL, File, Observed, Observer
from smallset.scores.dual import probability
from smallset.selection import Pool
from smallset.store import About, Asked, Codec, Seeds
from smallset.store.codec import check_original
from smallset.train.processes import first_before_others


@dataclass(frozen=True)
class Order:
    """What was ordered; `typed` is the method as it was written, `codec` None for no pixels."""

    method: Method
    typed: str
    budget: Budget
    short_classes: ShortClasses
    size: int | None
    fit: Fit
    seed: int
    codec: Codec | None


@dataclass(frozen=True)
class Chosen:
    """A selection of the training images of `data` and its layout on canvases, with its facts."""

    data: Data
    selection: Selection
    plan: Plan
    about: About


def order_from(
    method: str | Method,
    ipc: int | None,
    keep: float | None,
    short_classes: str,
    *,
    size: int | None,
    fit: Fit,
    seed: int,
    codec: str | None,
) -> Order:
    """Read the options. Raises ValueError for whatever is wrong with them by themselves.

    Files that the method names are looked at: raises OSError where there is none.
    """
    chosen = method_from(method) if isinstance(method, str) else method
    parsed = None if codec is None else Codec.parse(codec)
    budget, short = budget_from(ipc, keep), check_short_classes(short_classes)
    seed = check_number("seed", seed, least=0, unit="a seed")
    check_files(chosen.score, chosen.looks_through)
    typed = method if isinstance(method, str) else spec_of(method)
    return Order(chosen, typed, budget, short, size, fit, seed, parsed)


def choose(
    data: AnyData,
    order: Order,
    desk: Desk,
    *,
    cache: bool,
    skip_bad: bool,
    drop_leaks: bool,
    spread: Workers | None,
) -> Chosen:
    """Open the data, look at it through the method's observer where it has one, and choose.

    Whatever is wrong with the order is said before anything is scored.
    """
    with first_before_others():
        opened = open_source(data, desk, skip_bad=skip_bad, drop_leaks=drop_leaks)
    source, method = opened.train, order.method
    names = source.classes.names
    side = side_of(source, order.size)
    boxes = fit_boxes(source.sizes, order.fit)
    have = np.bincount(source.labels, minlength=len(names)).tolist()
    want = wanted(order.budget, have, names, method, short_classes=order.short_classes)
    # Lays out nothing, to hear now and not after scoring of a size without room for the tiles.
    blank = method.mosaic(Selection(np.empty(0, np.int64)), source.labels, boxes, size=side)
    if order.codec is not None and order.codec.is_original:
        check_original(blank, source, order.fit)
    seen = observed(source, side, order.fit, desk, cache=cache)
    seen = replace(seen, spread=Shards(spread) if spread else None)
    with keeping(desk.work):
        pool = look(Pool(source.labels, len(names)), method, seen)
        selection = method.choose(pool, want.counts, seed=order.seed)  # may train for features
    plan = method.mosaic(selection, source.labels, boxes, size=side)
    asked = asked_of(order.budget, want.short, names)
    return Chosen(opened, selection, plan, _about(order, opened, seen, asked))


def look(pool: Pool, method: Method, seen: Observed) -> Pool:
    """Give the pool with what a method's choice rests on: scores, features, probabilities."""
    if method.score is not None:  # first, since one from a file may be refused
        scores = method.score(seen)  # somebody's own may give other numbers, and another count
        with np.errstate(over="ignore"):  # refused with those that are not finite
            values = np.asarray(scores, np.float32)
        if values.shape != pool.labels.shape:
            raise ValueError(
                f"the score gave numbers of the shape {values.shape}, but needed are "
                f"{pool.labels.shape}, one an image. Mend {type(method.score).__name__}."
            )
        pool = replace(pool, values=values, probability=_probability(method, seen))
    if method.select.needs_features:
        assert method.looks_through is not None
        pool = replace(pool, features=partial(seen.features, method.looks_through))
    return pool


def _probability(method: Method, seen: Observed) -> Callable[[], Float32[np.ndarray, " n"]] | None:
    """Give the mean probability of the true class; None without a training that it is read from.

    Of `dual` over what it reads, as in its paper, else over all epochs of the score's first run.
    """
    score = method.score
    if isinstance(score, DUAL):
        return lambda: score.probability(seen)
    own = None if score is None else score.observer
    if not isinstance(own, Observer):
        return None
    return lambda: probability(seen.dynamics(own))


def _about(order: Order, opened: Data, seen: Observed, asked: Asked) -> About:
    observer, here = order.method.looks_through, seen.machine
    return About(
        method=order.typed,
        spec=spec_of(order.method),
        seeds=Seeds(set=order.seed, observer=observer.seed if observer else None),
        given=opened.name,
        held_out=opened.held_out,
        fit=order.fit,
        view=spec_of(order.method.view),
        precision=here.precision if observer else "none",
        device=here.kind if observer else "none",
        made_with=_made_with(order.method, opened, seen),
        asked=asked,
    )


def _made_with(method: Method, opened: Data, seen: Observed) -> dict[str, str]:
    """Say what the choice rests on, besides the data and the method."""
    made = (
        {}
        if method.looks_through is None
        else looked_with(method.looks_through, seen, method.score)
    )
    if isinstance(method.score, File):
        made |= method.score.made_by()
    return made | ({MADE_FROM: " ".join(opened.made_from)} if opened.made_from else {})
