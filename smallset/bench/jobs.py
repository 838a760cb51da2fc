"""What a worker does for each kind of unit; picklable functions of picklable arguments.

Every job works with one thread and leaves what it makes whole or not at all, so a killed one is
simply done again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from smallset.bench.teachers import own_teacher
from smallset.bench.whole import learn_whole
from smallset.budget import Budget
from smallset.data import View, pixel_cache
from smallset.desk import Desk, Options, desk_for
from smallset.labels import labels_from
from smallset.methods import canonical
from smallset.models.trained import read_trained
from smallset.observers import AnyObserver
from smallset.pipeline import compress, evaluate, score, train_teacher
from smallset.pipeline.desk import observed, open_source
from smallset.records import Fit, Identity, Result
from smallset.scores.table import read_run, read_scores, write_scores
from smallset.store import CompressedDataset, open_set
from smallset.train.device import Machine

THREADS = 1


@dataclass(frozen=True)
class Bench:
    """Where and in which arithmetic every job of a run works, and on which training images."""

    machine: Machine
    work: Path
    drop_leaks: bool = False


@dataclass(frozen=True)
class Pixels:
    """A split's images at a size, decoded once for all that read them; `view` as in the cache."""

    data: str
    split: str
    size: int
    view: View


@dataclass(frozen=True)
class Observation:
    """One observer run, whose scores go to the table `out`; none where only features are asked."""

    data: str
    size: int
    fit: Fit
    observer: AnyObserver
    scores: tuple[str, ...]
    out: Path


@dataclass(frozen=True)
class Teaching:
    """A teacher `train(model=..., epochs=...)`, trained into the folder `out`."""

    data: str
    size: int
    fit: Fit
    spec: str
    out: Path


@dataclass(frozen=True)
class Whole:
    """One student on the whole training split."""

    data: str
    identity: Identity


@dataclass(frozen=True)
class Making:
    """One set; `method` is what its card and sheet call it, the spec without what is default."""

    data: str
    identity: Identity
    method: str
    budget: Budget
    out: Path


@dataclass(frozen=True)
class Learning:
    """One student on the set in the folder `set`; `labels` as `evaluate` takes them here."""

    data: str
    identity: Identity
    set: Path
    labels: str


def decode(job: Pixels, bench: Bench) -> None:
    """Decode a split into the work folder, unless it is there."""
    desk = _desk(bench)
    opened = open_source(job.data, desk)
    split = opened.train if job.split == "train" else opened.test
    pixel_cache(split, job.size, view=job.view, work=bench.work, workers=THREADS)


def is_observed(job: Observation, work: Path) -> bool:
    """Whether the scores are written and the runs behind them, which sets read, are at hand."""
    try:
        made, run = read_scores(job.out).values(), read_run(job.out)
    except (OSError, ValueError):  # not there, or emptied by a power cut
        return False
    runs = [run for score in made for run in score.made_by.get("runs", "none").split()]
    if run is not None:
        runs.append(run)
    return bool(runs) and all((work / "observers" / run[:24]).is_dir() for run in runs)


def observe(job: Observation, bench: Bench) -> None:
    """Train an observer and write its scores; the run itself stays in the work folder."""
    if is_observed(job, bench.work):
        return
    job.out.unlink(missing_ok=True)  # of a work folder that is gone
    if not job.scores:
        _observe_alone(job, bench)
    else:
        score(
            job.data,
            job.out,
            scores=job.scores,
            size=job.size,
            fit=job.fit,
            **_options(bench),
        )


def _observe_alone(job: Observation, bench: Bench) -> None:
    """Train an observer that no score reads, and leave a table that names its run alone."""
    desk = _desk(bench)
    source = open_source(job.data, desk).train
    seen = observed(source, job.size, job.fit, desk)
    seen.dynamics(job.observer)
    run = seen.fingerprint(job.observer, 0)
    write_scores(job.out, {}, rows=source.rows, labels=source.labels, run=run)


def teach(job: Teaching, bench: Bench) -> None:
    """Train a teacher on the full data, unless it is there."""
    own = own_teacher(job.spec)
    assert own is not None
    if not job.out.exists():
        train_teacher(
            job.data,
            job.out,
            model=own.model,
            recipe=own.recipe,
            epochs=own.epochs,
            seed=own.seed,
            size=job.size,
            fit=job.fit,
            **_options(bench),
        )


def make(job: Making, bench: Bench) -> None:
    """Make a set, unless it is there. Raises ValueError where another one is in its place."""
    wanted = job.identity
    if job.out.exists():
        check_set(open_set(job.out), wanted)
        return
    made = compress(
        job.data,
        job.out,
        method=job.method,
        budget=job.budget,
        size=wanted.size,
        fit=wanted.fit,
        codec=wanted.codec,
        seed=wanted.set_seed or 0,
        **_options(bench),
    )
    check_set(made, wanted)


def learn(job: Learning, bench: Bench) -> Result:
    """Train and test one student, and give its result under the matrix's names."""
    wanted = job.identity
    made = open_set(job.set)
    check_set(made, wanted)
    check_own(job.labels, wanted)
    [result] = evaluate(
        made,
        job.data,
        student=wanted.student,
        protocol=wanted.protocol,
        labels=job.labels,
        seeds=[wanted.student_seed],
        **_options(bench),
    )
    # The matrix's own names hold on every machine; a path of this one would not.
    return replace(result, dataset=wanted.dataset, labels=wanted.labels, teacher=wanted.teacher)


def learn_all(job: Whole, bench: Bench) -> Result:
    """Train and test one student on all training images."""
    desk = _desk(bench)
    opened = open_source(job.data, desk)
    return learn_whole(opened, job.identity, desk=desk)


def check_set(made: CompressedDataset, wanted: Identity) -> None:
    """Raise ValueError where the set in a folder of the run is not the one that belongs there."""
    manifest = made.manifest
    found = {
        "spec": canonical(manifest.spec, size=manifest.size),
        # an unbalanced selection may come out equal
        "ipc": None if wanted.ipc is None else manifest.ipc,
        "images": manifest.images,
        "size": manifest.size,
        "fit": manifest.fit,
        "codec": manifest.codec,
        "set_seed": manifest.seeds.set,
        "observer_seed": manifest.seeds.observer,
        "data_fingerprint": manifest.source.fingerprint,
    }
    _check_place(f"'{made.path}' holds another set", found, asdict(wanted))


def check_own(labels: str, wanted: Identity) -> None:
    """Raise ValueError if the folder that labels name holds another teacher than the cell's own."""
    own, folder = own_teacher(wanted.teacher or ""), labels_from(labels).teacher_spec
    if own is None or folder is None:
        return
    made = read_trained(Path(folder))
    found = {
        "model": made.model,
        "recipe": made.recipe.get("name"),
        "epochs": made.epochs,
        "seed": made.seed,
        "size": made.size,
        "fit": made.fit,
        "data_fingerprint": made.source.get("fingerprint"),
    }
    _check_place(f"'{folder}' holds another teacher", found, asdict(wanted) | asdict(own))


def _check_place(place: str, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    for name, value in found.items():
        if value != wanted[name]:
            raise ValueError(
                f"{place} than the matrix's: its {name} is {value!r}, needed {wanted[name]!r}. "
                "Remove that folder, and run again."
            )


def _options(bench: Bench) -> Options:
    return {
        "device": bench.machine.device,
        "precision": bench.machine.precision,
        "workers": THREADS,
        "work": bench.work,
        "drop_leaks": bench.drop_leaks,
    }


def _desk(bench: Bench) -> Desk:
    return desk_for(**_options(bench))
