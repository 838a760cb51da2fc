"""Verify a set: compare every hash and every count with its records."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from smallset.data import cores, ordered
from smallset.store.agreement import check_as_made, contradictions, strangers
from smallset.store.images import ImageFile
from smallset.store.manifest import read_manifest
from smallset.store.plan_table import read_plan

T = TypeVar("T")
# The most problems of one kind that are listed. An emptied folder would fill the screen.
_SHOWN = 20


@dataclass(frozen=True)
class Verification:
    """The result for an unchanged set: the numbers of image files and bytes compared."""

    files: int
    bytes: int


def verify(path: Path) -> Verification:
    """Hash every file of the set in `path` and compare names, sizes and counts.

    README.md may be edited, and the picture of iterations is not checked. Raises FileNotFoundError
    or NotADirectoryError if there is no such folder. Raises one ValueError that lists every
    problem, or that names the format of an export.
    """
    check_as_made(path)
    problems: list[str] = []
    try:
        manifest = _read(partial(read_manifest, path), problems)
        plan, files, _ = _read(partial(read_plan, path, manifest), problems)
    except ValueError as error:
        raise _failure(path, [*problems, str(error)]) from error
    contradicting = contradictions(manifest, plan, files)
    missing, added = strangers(path, files)
    problems += [
        *contradicting,
        *_listed("missing", missing),
        *_listed("not part of the set", added),
    ]
    gone = set(missing)
    present = [file for file in files if file.path not in gone]
    # Only paths that surely lie inside the set are read.
    if not contradicting:
        problems += _listed("changed", _changed(path, present))
    if problems:
        raise _failure(path, problems)
    return Verification(len(files), sum(file.bytes for file in files))


def _read(read: Callable[..., T], problems: list[str]) -> T:
    """Return a record. If it was edited, add the problem, and return the record all the same."""
    try:
        return read()
    except ValueError as error:
        found = read(trust=True)
        problems.append(str(error))
        return found


def _changed(path: Path, files: list[ImageFile]) -> list[str]:
    def is_changed(file: ImageFile) -> bool:
        return hashlib.sha256((path / file.path).read_bytes()).hexdigest() != file.sha256

    with closing(ordered(is_changed, files, threads=cores())) as compared:
        verdicts = list(compared)
    return [file.path for file, verdict in zip(files, verdicts, strict=True) if verdict]


def _listed(kind: str, names: list[str]) -> list[str]:
    more = len(names) - _SHOWN
    rest = [f"{kind}: and {more:,} more"] if more > 0 else []
    return [f"{kind}: {name}" for name in names[:_SHOWN]] + rest


def _failure(path: Path, problems: list[str]) -> ValueError:
    listing = "\n".join(f"  {problem}" for problem in problems)
    return ValueError(
        f"'{path}' is not as it was written:\n{listing}\n"
        f"Restore what changed, or make the set again."
    )
