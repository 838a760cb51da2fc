"""What `compress` and `select` share: the order, the opened data, and what is wanted of it."""

from dataclasses import dataclass, replace

import numpy as np

from smallset.budget import Budget, Wanted, one_budget
from smallset.data import Data
from smallset.desk import Desk
from smallset.exchange.set_data import made_from
from smallset.methods import Method, ShortClasses, method_from, spec_of
from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.observers.shards import Shards
from smallset.parallel import Workers
from smallset.pipeline.desk import AnyData, observed, open_source, side_of
from smallset.records import Fit
from smallset.store import About, Asked, Codec, Seeds
from smallset.train.processes import first_before_others


@dataclass(frozen=True)
class Job:
    """What was asked for. `typed` is the method as it was written; no codec means no pixels."""

    method: Method
    typed: str
    budget: Budget
    short_classes: ShortClasses
    size: int | None
    fit: Fit
    seed: int
    codec: Codec | None


@dataclass(frozen=True)
class Begun:
    """A job on opened data: nothing is scored yet, and whatever is wrong so far has been said."""

    job: Job
    data: Data
    seen: Observed
    wanted: Wanted

    def about(self) -> About:
        """Say what only the caller knows of the set."""
        job, here = self.job, self.seen.machine
        observer = job.method.looks_through
        names = self.data.train.classes.names
        return About(
            method=job.typed,
            spec=spec_of(job.method),
            seeds=Seeds(set=job.seed, observer=observer.seed if observer else None),
            given=self.data.name,
            held_out=self.data.held_out,
            fit=job.fit,
            view=spec_of(job.method.view),
            precision=here.precision if observer else "none",
            device=here.kind if observer else "none",
            made_with=job.method.facts(self.seen) | made_from(self.data),
            asked=Asked(str(job.budget), tuple(names[c] for c in self.wanted.short)),
        )


def job_from(
    method: str | Method,
    ipc: int | None,
    keep: float | None,
    budget: str | Budget | None,
    short_classes: str,
    *,
    size: int | None,
    fit: Fit,
    seed: int,
    codec: str | None,
) -> Job:
    """Read the options. Raises ValueError for whatever is wrong with them by themselves.

    Files that the method names are looked at: raises OSError if there is none.
    """
    chosen = method_from(method) if isinstance(method, str) else method
    asked = one_budget(ipc, keep, budget)
    if short_classes not in ("error", "keep"):
        raise ValueError(f"short_classes={short_classes!r} is not known. Give 'error' or 'keep'.")
    short: ShortClasses = "keep" if short_classes == "keep" else "error"
    parsed = None if codec is None else Codec.parse(codec)
    seed = check_number("seed", seed, least=0, unit="a seed")
    chosen.check_files()
    typed = method if isinstance(method, str) else spec_of(method)
    return Job(chosen, typed, asked, short, size, fit, seed, parsed)


def begin(
    data: AnyData,
    job: Job,
    desk: Desk,
    *,
    spread: Workers | None,
) -> Begun:
    """Open the data, and say whatever is wrong with the job before anything is scored."""
    with first_before_others():
        opened = open_source(data, desk)
    source, method = opened.train, job.method
    names = source.classes.names
    side = side_of(source, job.size)
    have = np.bincount(source.labels, minlength=len(names)).tolist()
    wanted = method.wanted(job.budget, have, names, short_classes=job.short_classes)
    method.check(source, size=side, fit=job.fit, codec=job.codec)
    seen = observed(source, side, job.fit, desk)
    seen = replace(seen, spread=Shards(spread) if spread else None)
    return Begun(job, opened, seen, wanted)
