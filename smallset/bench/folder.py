"""A run folder: what the run is (run.json, matrix.toml), its results, and what is left to do.

run.json        matrix, versions, fingerprints of data and weights, precision, device, threads
matrix.toml     the matrix, to read
results.jsonl   a line a finished cell, appended by the driver alone
sets/ scores/ teachers/     what units made
driver.lock     held by the driver, whose process and machine stand in driver.txt
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

from smallset.bench.cells import MatrixCell, cells_of, identity_of
from smallset.bench.matrix import Matrix, Sweep
from smallset.bench.problems import Checked
from smallset.bench.sources import BenchData
from smallset.bench.teachers import FRESH
from smallset.evidence.lines import read_lines
from smallset.files import replacing
from smallset.fingerprint import smallset_version
from smallset.labels import labels_from
from smallset.observers.observed import RECORDS_VERSION
from smallset.records import Identity, Result
from smallset.train.device import Machine
from smallset.train.run import component_versions

RUN = "run.json"
MATRIX = "matrix.toml"
RESULTS = "results.jsonl"
LOCK = "driver.lock"
DRIVER = "driver.txt"
PARTS = ("sets", "scores", "teachers")
_FORMAT = 1
# The run's own facts beside the matrix, and what to do where they are not as they were.
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
    """What all lines of a run's results share."""

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
    """Hold the lock of a run folder, which the system frees however the process ends.

    Raises ValueError, naming the other driver, if another one holds the lock.
    """
    # The name stands beside the lock file, which older versions of filelock empty on a mere try.
    driver = folder / DRIVER
    try:
        held = FileLock(folder / LOCK).acquire(timeout=0)
    except Timeout as error:
        other = driver.read_text().strip() if driver.exists() else ""
        raise ValueError(
            f"'{folder}' is being worked on by {other or 'another process'}. One driver a run "
            "folder: wait for it, stop it, or give another folder."
        ) from error
    with held:
        driver.write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
        yield


def this_run(matrix: str, checked: Checked, machine: Machine) -> Run:
    """Describe a run of the matrix text here and now; data and weights by fingerprint."""
    data = {name: source.data.fingerprint for name, source in checked.sources.items()}
    versions = {
        "smallset": smallset_version(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "records": RECORDS_VERSION,
        **component_versions(),
    }
    here = machine
    return Run(
        matrix, versions, data, dict(checked.weights), here.precision, here.kind, here.threads
    )


def read_run(folder: Path) -> Run | None:
    """Read what the run in a folder is; None where the folder is new or empty.

    Raises ValueError where the folder holds something else, or a run of a newer version.
    """
    path = folder / RUN
    if not path.exists():
        others = [
            name
            for name in _names(folder)
            if name not in (LOCK, DRIVER) and not name.startswith(".")
        ]
        if others:
            raise ValueError(
                f"'{folder}' is no run folder: it holds {others[0]!r} but no {RUN}. "
                "Give a new folder, or one that `smallset bench` made."
            )
        return None
    try:
        values = json.loads(path.read_bytes())
        run = Run(**values)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"'{path}' is not of this version or was edited ({error}). Restore it, or give a new "
            "folder."
        ) from error
    if run.format != _FORMAT:
        raise ValueError(
            f"'{path}' has format {run.format!r}; this version reads {_FORMAT}. "
            "Use the version that made it, or give a new folder."
        )
    return run


def check_same(folder: Path, old: Run, new: Run) -> None:
    """Raise ValueError where the run in a folder is another one, but for its matrix."""
    for name, way_out in _WAYS_OUT.items():
        before, now = getattr(old, name), getattr(new, name)
        if not isinstance(before, dict):
            before, now = {"": before}, {"": now}
        # Data and weights come and go with the matrix; what both know must be the same.
        for key in sorted({*before, *now} if name == "versions" else {*before} & {*now}):
            if before.get(key) != now.get(key):
                raise ValueError(
                    f"'{folder}' was begun with {f'{name} {key}'.strip()} = {before.get(key)!r}, "
                    f"but now it is {now.get(key)!r}, and results of the two do not belong in one "
                    f"table. {way_out.format(old=before.get(key))}"
                )


def check_grown(
    folder: Path, old: Matrix, new: Matrix, sources: Mapping[str, BenchData], machine: Machine
) -> None:
    """Raise ValueError unless the new matrix holds every cell of the old one: it may only grow."""
    kept = {cell.identity for cell in cells_of(new, sources, machine)}
    gone = [c.name for c in cells_of(old, sources, machine) if c.identity not in kept]
    # Without its data a table has no cells to compare, so it must stay as it is.
    hidden = [table for table in old.sweeps if table.data not in sources]
    lost = [table.title for table in hidden if not _has(new, table, old)]
    gone += [f"{title}, whose data is not here, as it was" for title in lost]
    if gone:
        raise ValueError(
            f"'{folder}' was begun with another matrix: this one lacks {gone[0]!r}"
            f"{f' and {len(gone) - 1} more' if len(gone) > 1 else ''}. A matrix may grow, but "
            f"loses nothing: put back what '{folder / MATRIX}' has, or give a new folder."
        )


def write_run(folder: Path, run: Run) -> None:
    """Write run.json and the copy of the matrix; what an earlier part of the run knew stays."""
    old = read_run(folder)
    if old is not None:
        data, weights = {**old.data, **run.data}, {**old.weights, **run.weights}
        run = dataclasses.replace(run, data=data, weights=weights)
    text = json.dumps(dataclasses.asdict(run), indent=2, sort_keys=True) + "\n"
    # run.json first: a folder that holds other things without it is no run's.
    for name, content in ((RUN, text), (MATRIX, run.matrix)):
        with replacing(folder / name) as file:
            file.write(content.encode())


def own_lines(
    folder: Path, run: Run, cells: Iterable[MatrixCell], *, absent: Collection[str] = ()
) -> dict[Identity, Result]:
    """Read the results by their cells' identity, without those of data that is `absent`.

    Raises ValueError for a line that is no result, for one of no cell of the matrix, for two of one
    cell, and for a line of another version.
    """
    path, known = folder / RESULTS, {cell.identity for cell in cells}
    found: dict[Identity, Result] = {}
    for number, result in enumerate(read_lines(path, Result), 1):
        identity, where = identity_of(result), f"'{path}', line {number}"
        if result.dataset in absent:
            continue
        if identity not in known:
            raise ValueError(
                f"{where} is of no cell of the matrix ({result.method} on {result.dataset}, "
                f"{result.student}, set seed {result.set_seed}). Take the line out: only "
                "`smallset bench` writes here."
            )
        if identity in found:
            raise ValueError(f"{where} is of a cell that has a line already. Take one out.")
        if other := _another_version(run, result):
            raise ValueError(
                f"{where} was made by {other} {result.versions.get(other, 'unknown')}, but the run "
                f"by {run.versions.get(other)}. Take the line out, or give a new folder."
            )
        found[identity] = result
    return found


def check_known(files: Iterable[Path]) -> None:
    """Raise as `known_lines` where a file is missing or holds a line that is no result."""
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"there are no results '{file}'. Give --known the results.jsonl of another run."
            )
        read_lines(file, Result)


def known_lines(
    files: Iterable[Path], run: Run, cells: Iterable[MatrixCell], there: Collection[Identity]
) -> tuple[dict[Identity, Result], dict[Identity, str]]:
    """Read from results of other runs the lines that this one lacks, by their cells' identity.

    Beside them are the cells of which there are lines of other versions alone, and of which.

    Taken are those of a cell of the matrix made by the same versions, with a student that starts
    fresh (of others a line does not say from which weights) and, where labels are soft, with the
    very teacher that this run has, or one that this run would train in the same way. The files
    have passed `check_known`.
    """
    wanted = {cell.identity for cell in cells} - set(there)
    found: dict[Identity, Result] = {}
    passed: dict[Identity, str] = {}
    for file in files:
        for result in read_lines(file, Result):
            other, identity = _another_version(run, result), identity_of(result)
            fresh = "weights=" not in result.student
            if not fresh or identity not in wanted or not _same_labels(run, result):
                continue
            if other is None:
                found.setdefault(identity, result)
            else:
                passed[identity] = f"{other} {result.versions.get(other, 'unknown')}"
    return found, {identity: by for identity, by in passed.items() if identity not in found}


def clear_up(folder: Path) -> None:
    """Make the folders of units, and remove what killed workers left half-written in them.

    Only whoever holds the lock may do so: nobody else writes here.
    """
    for part in PARTS:
        (folder / part).mkdir(exist_ok=True)
        for entry in (folder / part).iterdir():
            if entry.name.startswith(".") and "partial" in entry.name:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _another_version(run: Run, result: Result) -> str | None:
    """Name what made a result in another version than the run's, if anything did."""
    # Of an observer's set a line has to say by which records it was chosen.
    told = (
        {**result.versions} if result.observer_seed is None else {"records": "", **result.versions}
    )
    return next((name for name, v in told.items() if run.versions.get(name) != v), None)


def _same_labels(run: Run, result: Result) -> bool:
    """Whether a result's teacher is the one of that spec here; one to train has no hash yet."""
    if result.teacher is None:
        return not labels_from(result.labels).soft  # of a label file a line does not say which
    here = run.weights.get(f"teacher {result.teacher}")
    return here in (FRESH, result.teacher_sha256)


def _has(matrix: Matrix, table: Sweep, old: Matrix) -> bool:
    """Whether a matrix holds a table of the old one, its methods and teachers included."""
    return (
        table in matrix.sweeps
        and all(matrix.spec(m, table.size) == old.spec(m, table.size) for m in table.methods)
        and all(matrix.regime(labels) == old.regime(labels) for labels in table.labels)
    )


def _names(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise NotADirectoryError(
            f"'{folder}' is a file; needed a folder for the run. Give another place."
        )
    return sorted(entry.name for entry in folder.iterdir())
