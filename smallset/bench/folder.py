"""A run folder: its description, its results, and the files that its units made.

run.json        matrix, versions, fingerprints of data and weights, precision, device, threads
matrix.toml     a readable copy of the matrix
results.jsonl   one line for each finished cell; only the driver appends
facts.jsonl     one line for each fact about a set, if any; only the driver appends
sets/ scores/ teachers/     the files that units made
driver.lock     locked by the driver while it works
driver.txt      process and machine of the driver
"""

import dataclasses
import json
import os
import platform
import shutil
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from smallset.bench.cells import cells_of, identity_of
from smallset.bench.ground import Ground, Line, Lines
from smallset.bench.kinds import KINDS
from smallset.bench.matrix import Matrix
from smallset.bench.sweep import Sweep
from smallset.bench.teachers import FRESH
from smallset.evidence.lines import append_line, drop_torn_line, read_lines
from smallset.files import write_whole
from smallset.fingerprint import smallset_version
from smallset.labels import labels_from
from smallset.observers.observed import RECORDS_VERSION
from smallset.records import Fact, Identity, Result
from smallset.train.run import component_versions
from smallset.typed import read_json

RUN = "run.json"
MATRIX = "matrix.toml"
RESULTS = "results.jsonl"
FACTS = "facts.jsonl"
LOCK = "driver.lock"
DRIVER = "driver.txt"
_FORMAT = 1
# The fields of a run besides its matrix, each with the advice for a value that has changed.
_WAYS_OUT = {
    "versions": "Use those versions again, or give a new folder.",
    "data": "Restore the data, or give a new folder.",
    "weights": "Restore the weights, or give a new folder.",
    "precision": "Give --precision {old}, or a new folder.",
    "device": "Give --device {old}, or a new folder.",
    "threads": "Give a new folder.",
}


@dataclass(frozen=True)
class Run:
    """What all results of a run share."""

    matrix: str
    versions: Mapping[str, str]
    data: Mapping[str, str]
    weights: Mapping[str, str]
    precision: str
    device: str
    threads: int
    format: int = _FORMAT


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder. The system frees the lock however the process ends.

    Raises ValueError with the name of the other driver if another driver holds the lock.
    """
    # The lock file cannot hold the name: older versions of filelock empty the file on each attempt.
    driver = folder / DRIVER
    try:
        held = FileLock(folder / LOCK).acquire(timeout=0)
    except Timeout as error:
        other = driver.read_text().strip() if driver.exists() else ""
        raise ValueError(
            f"'{folder}' is being worked on by {other or 'another process'}. A run folder takes "
            "one driver: wait for that process, stop it, or give another folder."
        ) from error
    with held:
        driver.write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
        yield


def this_run(text: str, ground: Ground) -> Run:
    """Return the description of a run of a matrix (its text) on this machine."""
    data = {name: opened.data.fingerprint for name, opened in ground.data.items()}
    versions = {
        "smallset": smallset_version(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "records": RECORDS_VERSION,
        **component_versions(),
    }
    here, weights = ground.desk.machine, dict(ground.weights)
    return Run(text, versions, data, weights, here.precision, here.kind, here.threads)


def read_run(folder: Path) -> Run | None:
    """Read the description of the run in a folder. Return None if the folder is new or empty.

    Raises NotADirectoryError if `folder` is a file. Raises ValueError if the folder holds something
    else, or if its run.json cannot be read or is of another format.
    """
    path = folder / RUN
    if not path.exists():
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(
                f"'{folder}' is a file; needed a folder for the run. Give another place."
            )
        names = sorted(entry.name for entry in folder.glob("[!.]*"))
        if others := [name for name in names if name not in (LOCK, DRIVER)]:
            raise ValueError(
                f"'{folder}' is not a run folder: it holds {others[0]!r} but no {RUN}. "
                "Give a new folder, or one that `smallset bench` made."
            )
        return None
    run = read_json(
        path.read_bytes(),
        Run,
        where=f"'{path}'",
        advice="It is of another version or was edited: restore it, or give a new folder.",
    )
    if run.format != _FORMAT:
        raise ValueError(
            f"'{path}' has format {run.format!r}; this version reads {_FORMAT}. "
            "Use the version that made it, or give a new folder."
        )
    return run


def check_unchanged(folder: Path, old: Run, new: Run) -> None:
    """Raise ValueError if two runs differ in anything but their matrix.

    Data and weights are compared only if both runs have them.
    """
    for name, way_out in _WAYS_OUT.items():
        before, now = getattr(old, name), getattr(new, name)
        if not isinstance(before, dict):
            before, now = {"": before}, {"": now}
        # A matrix that grows may use more data and weights.
        for key in sorted({*before, *now} if name == "versions" else {*before} & {*now}):
            if before.get(key) != now.get(key):
                raise ValueError(
                    f"'{folder}' was begun with {f'{name} {key}'.strip()} = {before.get(key)!r}, "
                    f"but now it is {now.get(key)!r}, and the results of both do not belong in one "
                    f"table. {way_out.format(old=before.get(key))}"
                )


def check_grown(folder: Path, old: Matrix, ground: Ground) -> None:
    """Raise ValueError unless the matrix contains every cell of the old matrix."""
    kept = {cell.identity for cell in ground.cells}
    before = cells_of(old, ground.data, ground.desk.machine)
    gone = [cell.name for cell in before if cell.identity not in kept]
    # The cells of a table without its data are unknown, so this table must not change at all.
    hidden = [table for table in old.sweeps if table.data not in ground.data]
    lost = [table.title for table in hidden if not _has(ground.matrix, table, old)]
    gone += [f"{title}, which must stay as it was while its data is missing" for title in lost]
    if gone:
        raise ValueError(
            f"'{folder}' was begun with another matrix: this one lacks {gone[0]!r}"
            f"{f' and {len(gone) - 1} more' if len(gone) > 1 else ''}. A matrix may grow, but "
            f"must lose nothing: put back what '{folder / MATRIX}' has, or give a new folder."
        )


def write_run(folder: Path, run: Run) -> None:
    """Write run.json and the copy of the matrix.

    Data and weights that only the old run.json names stay in the new one.
    """
    old = read_run(folder)
    if old is not None:
        data, weights = {**old.data, **run.data}, {**old.weights, **run.weights}
        run = dataclasses.replace(run, data=data, weights=weights)
    text = json.dumps(dataclasses.asdict(run), indent=2, sort_keys=True) + "\n"
    # run.json comes first: a folder with other files but without run.json is not a run folder.
    for name, content in ((RUN, text), (MATRIX, run.matrix)):
        write_whole(folder / name, content.encode())


def own_lines(folder: Path, ground: Ground, run: Run) -> Lines:
    """Read the lines of a run folder. Results on data that is not open are left out.

    Raises ValueError for a line that cannot be read, for a result that belongs to no cell of the
    matrix, for a second result of a cell, and for a result of another version.
    """
    path, known = folder / RESULTS, {cell.identity for cell in ground.cells}
    absent = {sweep.data for sweep in ground.matrix.sweeps} - ground.data.keys()
    found: dict[Identity, Result] = {}
    for number, result in enumerate(read_lines(path, Result), 1):
        identity, where = identity_of(result), f"'{path}', line {number}"
        if result.dataset in absent:
            continue
        if identity not in known:
            raise ValueError(
                f"{where} belongs to no cell of the matrix ({result.method} on {result.dataset}, "
                f"{result.student}, set seed {result.set_seed}). Only `smallset bench` may write "
                "here. Remove the line."
            )
        if identity in found:
            raise ValueError(f"{where} belongs to a cell that already has a line. Remove one.")
        if other := _another_version(run, result):
            raise ValueError(
                f"{where} was made by {other} {result.versions.get(other, 'unknown')}, but the run "
                f"by {run.versions.get(other)}. Remove the line, or give a new folder."
            )
        found[identity] = result
    return Lines(found, tuple(read_lines(folder / FACTS, Fact)))


def add_line(folder: Path, line: Line) -> None:
    """Add a line to its file in a run folder."""
    append_line(folder / (RESULTS if isinstance(line, Result) else FACTS), line)


def drop_torn_lines(folder: Path) -> bool:
    """Remove last lines that a killed driver left incomplete. Return whether there were any."""
    return any([drop_torn_line(folder / name) for name in (RESULTS, FACTS)])


def read_known(files: Iterable[Path]) -> list[Result]:
    """Read the results of other runs.

    Raises FileNotFoundError for a missing file and ValueError for a line that is not a result.
    """
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"there are no results '{file}'. Give --known the results.jsonl of another run."
            )
    return [result for file in files for result in read_lines(file, Result)]


def known_lines(
    known: Iterable[Result], run: Run, wanted: Collection[Identity]
) -> tuple[dict[Identity, Result], dict[Identity, str]]:
    """Return the results of other runs that this run can reuse for the cells in `wanted`.

    A result can be reused if the same versions made it, if its student started from fresh weights
    (a line does not identify other weights), and if its labels were hard or came from the same
    teacher, which this run has or would train in the same way. Also return the cells for which
    only lines of other versions exist, with those versions.
    """
    found: dict[Identity, Result] = {}
    passed: dict[Identity, str] = {}
    for result in known:
        other, identity = _another_version(run, result), identity_of(result)
        fresh = "weights=" not in result.student
        if not fresh or not _same_labels(run, result) or identity not in wanted:
            continue
        if other is None:
            found.setdefault(identity, result)
        else:
            passed[identity] = f"{other} {result.versions.get(other, 'unknown')}"
    return found, {identity: by for identity, by in passed.items() if identity not in found}


def clear_up(folder: Path) -> None:
    """Create the folders of units, and remove half-written files of killed workers from them.

    Call this only while holding the lock, so that nobody else is writing.
    """
    for part in filter(None, (kind.folder for kind in KINDS.values())):
        (folder / part).mkdir(exist_ok=True)
        for entry in (folder / part).iterdir():
            if entry.name.startswith(".") and "partial" in entry.name:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _another_version(run: Run, result: Result) -> str | None:
    """Return the name of the first component whose version differs from the run's, if any."""
    # If an observer chose the set, the line must state the version of the observer's records.
    told = (
        {**result.versions} if result.observer_seed is None else {"records": "", **result.versions}
    )
    return next((name for name, v in told.items() if run.versions.get(name) != v), None)


def _same_labels(run: Run, result: Result) -> bool:
    """Return whether a result's labels are hard, or come from the teacher that this run uses."""
    if result.teacher is None:
        return not labels_from(result.labels).soft  # a line does not identify a label file
    here = run.weights.get(f"teacher {result.teacher}")
    return here in (FRESH, result.teacher_sha256)


def _has(matrix: Matrix, table: Sweep, old: Matrix) -> bool:
    """Return whether a matrix has a table of the old matrix, with the same methods and labels."""
    return (
        table in matrix.sweeps
        and all(matrix.spec(m, table.size) == old.spec(m, table.size) for m in table.methods)
        and all(matrix.regime(labels) == old.regime(labels) for labels in table.labels)
    )
