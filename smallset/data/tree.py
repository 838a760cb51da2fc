"""What lies in a folder: visible folders, images, and what smallset itself wrote."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from smallset.data.decode import EXTENSIONS

_SET = "manifest.json"
_OURS = {
    _SET: "plan_sha256",
    "run.json": "matrix",
    "selection.json": "made_with",
    "teacher.json": "weights_sha256",
}
"""The files by which smallset's products are known, and a field that each of them has."""


def subfolders(folder: Path) -> list[str]:
    """List the visible folders in a folder, sorted; none if it is not a folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def loose_images(folder: Path) -> Iterator[str]:
    """Yield the names of the visible image files right in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            named = Path(entry.name).suffix.lower() in EXTENSIONS
            if named and entry.is_file() and not entry.name.startswith("."):
                yield entry.name


def has_image(folder: Path) -> bool:
    """Tell whether a folder holds a visible image file at any depth."""
    if next(loose_images(folder), None) is not None:
        return True
    return any(has_image(folder / name) for name in subfolders(folder))


def is_set(folder: Path) -> bool:
    """Tell whether a folder is a set that smallset wrote, as it was made or exported.

    A set that lost its manifest, or whose manifest was damaged, counts too.
    """
    return (folder / "plan.parquet").is_file() or _has_field(folder / _SET, _OURS[_SET])


def is_ours(folder: Path) -> bool:
    """Tell whether smallset wrote a folder: a set, a list, a run or a teacher."""
    return any(_has_field(folder / name, field) for name, field in _OURS.items())


def ours_in(folder: Path) -> list[str]:
    """Name what smallset wrote among the folders in a folder, for a message."""
    return [f"{n}/ (smallset wrote it)" for n in subfolders(folder) if is_ours(folder / n)]


def _has_field(file: Path, field: str) -> bool:
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):  # not there, or somebody else's
        return False
    return isinstance(values, dict) and field in values
