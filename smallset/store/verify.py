"""Check a set against its own records: every hash and every count."""

import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from smallset.data import cores, ordered
from smallset.store.manifest import Manifest, read_manifest
from smallset.store.plan_table import ImageFile, Recorded, read_plan
from smallset.store.read import check_folder, contradictions, layout_of, strangers

# Of one kind; a folder emptied by mistake would otherwise fill the screen.
_SHOWN = 20


@dataclass(frozen=True)
class Verification:
    """A set that is as it was written: how many image files and bytes were compared."""

    files: int
    bytes: int


def verify(path: Path) -> Verification:
    """Hash every file of the set in `path` and compare names, sizes and counts.

    README.md may be edited. Raises FileNotFoundError or NotADirectoryError where there is no
    folder, and one ValueError that lists every problem.
    """
    check_folder(path)
    layout = layout_of(path)
    if layout is not None:
        raise ValueError(
            f"'{path}' is an export to {layout}, but only a set as it was made can be verified. "
            "Give the set that it was exported from."
        )
    problems: list[str] = []
    try:
        manifest = _manifest(path, problems)
        plan, files, _ = _plan(path, manifest, problems)
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
    # hashed only where every path is known to lie inside the set
    if not contradicting:
        problems += _listed("changed", _changed(path, present))
    if problems:
        raise _failure(path, problems)
    return Verification(len(files), sum(file.bytes for file in files))


def _manifest(path: Path, problems: list[str]) -> Manifest:
    """Read the manifest; one that was edited is a problem, and still says what to compare."""
    try:
        return read_manifest(path)
    except ValueError as error:
        manifest = read_manifest(path, trust=True)
        problems.append(str(error))
        return manifest


def _plan(path: Path, manifest: Manifest, problems: list[str]) -> Recorded:
    """Read the plan; one that was changed is a problem, and still says what to compare."""
    try:
        return read_plan(path, size=manifest.size, sha256=manifest.plan_sha256)
    except ValueError as error:
        recorded = read_plan(path, size=manifest.size, sha256=None)
        problems.append(str(error))
        return recorded


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
