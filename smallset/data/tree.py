"""Look into folders: visible subfolders, image files, and what smallset itself wrote."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from smallset.data.decode import EXTENSIONS
from smallset.files import unfinished
from smallset.lazy import pa
from smallset.shapes import Int64

_SET = "manifest.json"
_OURS = {
    _SET: "plan_sha256",
    "run.json": "matrix",
    "selection.json": "made_with",
    "teacher.json": "weights_sha256",
}
"""The files that show that smallset wrote a folder, with a field that each file has."""
CARD_TAGS = ("smallset", "dataset-distillation", "dataset-pruning")
"""The Hub's tags in the card of every set."""
_FRONT = 1 << 16  # characters; the tags are near the beginning


def subfolders(folder: Path) -> list[str]:
    """Return the sorted names of the visible subfolders, or nothing if `folder` does not exist."""
    return sorted(e.name for e in _visible(folder) if e.is_dir()) if folder.is_dir() else []


def loose_images(folder: Path) -> Iterator[str]:
    """Yield the names of the visible image files directly in a folder."""
    for entry in _visible(folder):
        if Path(entry.name).suffix.lower() in EXTENSIONS and entry.is_file():
            yield entry.name


def has_image(folder: Path) -> bool:
    """Tell whether a folder holds a visible image file at any depth."""
    # The subfolders are listed only if no image lies beside them, because a listing is long.
    return any(loose_images(folder)) or any(has_image(folder / n) for n in subfolders(folder))


def is_set(folder: Path) -> bool:
    """Tell whether a folder is a set that smallset wrote or exported.

    One of its manifest, plan and card is enough, because the others may be lost or damaged.
    """
    known = (folder / "plan.parquet").is_file() or _has_field(folder / _SET, _OURS[_SET])
    return known or _has_card(folder)


def is_ours(folder: Path) -> bool:
    """Tell whether smallset wrote a folder: a set, a list, a run or a teacher."""
    known = any(_has_field(folder / name, field) for name, field in _OURS.items())
    return known or _has_card(folder)


def ours_in(folder: Path) -> list[str]:
    """Name the subfolders that smallset wrote, for a message."""
    return [f"{n}/ (smallset wrote it)" for n in subfolders(folder) if is_ours(folder / n)]


class FolderRows:
    """The image files of one split, sorted by class and name. `counts` are images per class."""

    def __init__(self, root: Path, names: Path, counts: Int64[np.ndarray, " c"]) -> None:
        self._root = root
        self._counts = counts
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        reader = pa.ipc.open_file(pa.memory_map(str(names)))
        self._batches = [reader.get_batch(c) for c in range(reader.num_record_batches)]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def name(self, row: int) -> str:
        """Return the path below the split's folder with forward slashes: 'cat/0017.png'."""
        # A file name that is not UTF-8 must be written as text too.
        return self._path(row).decode("utf-8", "backslashreplace")

    def read(self, row: int) -> bytes:
        """Return the content of a file."""
        return (self._root / os.fsdecode(self._path(row))).read_bytes()

    def labels(self) -> Int64[np.ndarray, " n"]:
        """Return each row's class index."""
        return np.repeat(np.arange(len(self._counts)), self._counts)

    def _path(self, row: int) -> bytes:
        label = int(self._starts.searchsorted(row, side="right")) - 1
        path: bytes = self._batches[label]["path"][row - int(self._starts[label])].as_py()
        return path


def list_files(root: Path, classes: tuple[str, ...], *, work: Path) -> tuple[FolderRows, str]:
    """Return the files of a split, and a hash of the classes and each file's path, size and time.

    Hidden files and folders are ignored. Files in subfolders of a class folder belong to the class.
    The names are kept in an Arrow file in `work` rather than in memory. Raises ValueError for a
    link to a folder above itself, and for a folder of smallset inside a class folder.
    """
    home = work / "listings"
    home.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(os.fsencode(root.resolve()) + b"\0")
    # An empty class has no path, but changes the indices of the classes after it.
    for name in classes:
        digest.update(os.fsencode(name) + b"\0")
    counts, schema = [], pa.schema([("path", pa.large_binary())])
    with unfinished(home / "listing") as partial:
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for name in classes:
                paths = sorted(_files(root / name, f"{name}/", (root.resolve(),)))
                for path, size, changed in paths:
                    digest.update(b"%b\0%d\0%d\0" % (path, size, changed))
                column = pa.array([path for path, _, _ in paths], pa.large_binary())
                writer.write_batch(pa.record_batch([column], schema=schema))
                counts.append(len(paths))
        key = digest.hexdigest()[:32]
        names = home / f"{key}.arrow"
        # Windows cannot replace a file that is mapped.
        if not names.exists() or names.stat().st_size != partial.stat().st_size:
            partial.replace(names)
    return FolderRows(root, names, np.array(counts, np.int64)), key


def has_files(folder: Path) -> bool:
    """Tell whether a folder holds any visible file at any depth."""
    return next(_files(folder, "", ()), None) is not None


def _files(
    folder: Path, prefix: str, parents: tuple[Path, ...]
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (path below the split, size in bytes, change time in ns) of each visible file."""
    real = folder.resolve()
    if real in parents:
        raise ValueError(
            f"The link {str(folder)!r} leads back to {str(real)!r}, a folder that holds it; needed "
            "folders without loops. Remove the link."
        )
    for entry in _visible(folder):
        path = prefix + entry.name
        if entry.is_dir():
            if parents and is_ours(folder / entry.name):
                raise ValueError(
                    f"{str(folder / entry.name)!r} was written by smallset, but lies among the "
                    "images of a class. Needed a place outside the data. Move it."
                )
            yield from _files(folder / entry.name, path + "/", (*parents, real))
        else:
            # A dangling link has no size. The scan will name it as a bad file.
            status = entry.stat(follow_symlinks=os.path.exists(entry.path))
            yield os.fsencode(path), status.st_size, status.st_mtime_ns


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is directly in a folder and not hidden."""
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.name.startswith("."))


def _has_card(folder: Path) -> bool:
    """Tell whether the head of a folder's README.md has the Hub's tags of a set."""
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as file:
            front = re.match(r"---\n(.*?)\n---\n", file.read(_FRONT), re.DOTALL)
    except OSError:
        return False
    lines = front[1].split("\n") if front else []
    return {f"- {tag}" for tag in CARD_TAGS} <= {line.strip() for line in lines}


def _has_field(file: Path, field: str) -> bool:
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):  # not there, or somebody else's
        return False
    return isinstance(values, dict) and field in values
