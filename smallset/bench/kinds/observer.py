"""Observers: the networks that scores and selectors use, trained once for all sets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground, Lines
from smallset.bench.kinds.pixels import PixelsUnit
from smallset.bench.kinds.unit import (
    Shares,
    Unit,
    check_network,
    keyed,
    looked_at,
    said,
    training_of,
)
from smallset.bench.rates import FORWARD
from smallset.bench.sweep import Sweep
from smallset.desk import Desk
from smallset.exchange.set_data import open_any
from smallset.methods import brief_of, score_from, spec_of
from smallset.models import load_teacher
from smallset.observers import AnyObserver, Observer, Pretrained
from smallset.pipeline import score
from smallset.pipeline.desk import observed
from smallset.scores.table import read_run, read_scores, write_scores
from smallset.train.run import check_moments


@dataclass(frozen=True, kw_only=True)
class ObserverUnit(Unit):
    """One observer run and the table of its `scores`, empty if only its features are needed."""

    kind: ClassVar[str] = "observer"
    folder: ClassVar[str | None] = "scores"
    out: Path
    observer: AnyObserver
    scores: tuple[str, ...]

    @classmethod
    def all_of(cls, cell: MatrixCell, ground: Ground) -> tuple["ObserverUnit", ...]:
        """Return the observers of a cell's method: none, one, or those of a pool.

        A ready network after the first of a pool needs no unit: nobody reads its outputs.
        """
        method = ground.method_of(cell).resolved(size=cell.identity.size)
        trained = (one for one in method.observers[1:] if isinstance(one, Observer))
        return tuple(cls._of(cell, ground, one) for one in (*method.observers[:1], *trained))

    @classmethod
    def _of(cls, cell: MatrixCell, ground: Ground, observer: AnyObserver) -> "ObserverUnit":
        wanted, run = cell.identity, _run_of(cell, observer)
        scores, fill = _scores_of_runs(ground).get(run, ()), ground.places.fill
        words = f"{cls.kind} {wanted.dataset} {wanted.size} px, {brief_of(observer)}"
        key = keyed(words, {"run": run, "scores": scores, **ground.facts})
        return cls(
            asker=cell,
            key=key,
            needs=(PixelsUnit.of(cell, ground, "train"),),
            out=cls.place(ground, key).with_suffix(".parquet"),
            observer=_with_paths(observer, ground),
            scores=tuple(map(fill, scores)),
        )

    @classmethod
    def problems(cls, sweep: Sweep, ground: Ground) -> Iterator[str]:
        """Yield a sentence for each impossible observer. Fills `ground.weights`."""
        for label in sweep.methods:
            for observer in ground.matrix.method(label).observers:
                for problem in said(_check, observer, sweep, ground):
                    yield f"the observer of {label!r}: {problem}"

    def is_done(self, lines: Lines, desk: Desk) -> bool:
        """Return whether the scores exist, and the observer runs that they come from.

        The sets read these runs.
        """
        try:
            made, run = read_scores(self.out).values(), read_run(self.out)
        except (OSError, ValueError):  # missing, or emptied by a power cut
            return False
        runs = [run for score in made for run in score.made_by.get("runs", "none").split()]
        if run is not None:
            runs.append(run)
        return bool(runs) and all((desk.work / "observers" / run[:24]).is_dir() for run in runs)

    def make(self, desk: Desk) -> None:
        """Train the observer and write its scores. The run itself is kept in the work folder."""
        if self.is_done(Lines(), desk):
            return
        self.out.unlink(missing_ok=True)  # the work folder behind an old table is gone
        size, fit = self.wanted.size, self.asker.sweep.fit
        if self.scores:
            score(self.asker.data, self.out, scores=self.scores, size=size, fit=fit, **desk.options)
            return
        source = open_any(self.asker.data, desk).train
        seen = observed(source, size, fit, desk)
        seen.dynamics(self.observer)
        run = seen.fingerprint(self.observer, 0)
        write_scores(self.out, {}, rows=source.rows, labels=source.labels, run=run)

    def shares(self, ground: Ground) -> Shares:
        """Return the cost of training and inference for the score with the most runs."""
        images = len(ground.data_of(self.asker).train)
        if isinstance(self.observer, Pretrained):
            network = self.observer.network
            return looked_at(images, network, training_of(self.asker, ground, network))
        settled = self.observer.resolved(size=self.wanted.size, images=images)
        asked = (int(getattr(score_from(text), "runs", 1)) for text in self.scores)
        passes = settled.trains_for * max(asked, default=1) * (1 + settled.snapshots * FORWARD)
        return [(training_of(self.asker, ground, settled.model), images * passes)]


def _run_of(cell: MatrixCell, observer: AnyObserver) -> str:
    """Return a text that names the run of an observer. Observers with equal texts share a run.

    The observer must name its network.
    """
    where = cell.identity
    return f"{where.data_fingerprint} {where.size} {where.fit} {spec_of(observer)}"


def _with_paths(observer: AnyObserver, ground: Ground) -> AnyObserver:
    """Return the observer with the paths of this machine."""
    if isinstance(observer, Pretrained):
        return replace(observer, network=ground.places.fill(observer.network))
    return observer


@lru_cache(maxsize=1)
def _scores_of_runs(ground: Ground) -> Mapping[str, tuple[str, ...]]:
    """Return the scores that the cells of all tables read from each run, by the run's name.

    All tables count, so that the file of scores does not depend on which tables are requested.
    """
    found: dict[str, set[str]] = {}
    for cell in ground.cells:
        if cell.identity.observer_seed is not None:
            method = ground.method_of(cell).resolved(size=cell.identity.size)
            run = _run_of(cell, method.observers[0])
            found.setdefault(run, set()).update(map(spec_of, method.scores))
    return {run: tuple(sorted(scores)) for run, scores in found.items()}


def _check(observer: AnyObserver, sweep: Sweep, ground: Ground) -> None:
    opened = ground.data[sweep.data]
    train, size = opened.data.train, opened.size(sweep.size)
    if isinstance(observer, Pretrained):
        network = ground.places.fill(observer.network)
        loaded = load_teacher(network, classes=train.classes.names, size=size)
        ground.weights[f"observer {observer.network}"] = loaded.sha256
        return
    check_network(observer.resolved(size=size).model, sweep, ground)
    check_moments(len(train), observer.protocol, observer.snapshots)
