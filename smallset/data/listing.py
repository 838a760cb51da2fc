"""The image files below class folders, listed into an Arrow file so that names weigh nothing."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from smallset.data.tree import is_ours
from smallset.files import unfinished
from smallset.lazy import pa


class FolderRows:
    """The files of one split: class after class, sorted by name; labels follow from the counts."""

    def __init__(self, root: Path, names: Path, counts: Int64[np.ndarray, " c"]) -> None:
        self._root = root
        self._counts = counts
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        reader = pa.ipc.open_file(pa.memory_map(str(names)))
        self._batches = [reader.get_batch(c) for c in range(reader.num_record_batches)]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def name(self, row: int) -> str:
        """Give the path below the split's folder with forward slashes: 'cat/0017.png'."""
        # A file name that is no UTF-8 still needs one spelling that can be written down.
        return self._path(row).decode("utf-8", "backslashreplace")

    def read(self, row: int) -> bytes:
        """Read a file."""
        return (self._root / os.fsdecode(self._path(row))).read_bytes()

    def labels(self) -> Int64[np.ndarray, " n"]:
        """Give each row's class index."""
        return np.repeat(np.arange(len(self._counts)), self._counts)

    def _path(self, row: int) -> bytes:
        label = int(self._starts.searchsorted(row, side="right")) - 1
        path: bytes = self._batches[label]["path"][row - int(self._starts[label])].as_py()
        return path


def list_files(root: Path, classes: tuple[str, ...], *, work: Path) -> tuple[FolderRows, str]:
    """List a split's files, one class at a time, and hash the classes in order and each file's
    path, size and change time.

    Hidden files and folders are left aside; files in folders inside a class folder belong to the
    class. Raises ValueError for a link that leads back up.
    """
    home = work / "listings"
    home.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(os.fsencode(root.resolve()) + b"\0")
    # An empty class has no path, and yet shifts the indices of those that follow.
    for name in classes:
        digest.update(os.fsencode(name) + b"\0")
    counts = []
    with unfinished(home / "listing") as partial:
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, _schema()) as writer:
            for name in classes:
                paths = sorted(_files(root / name, f"{name}/", (root.resolve(),)))
                for path, size, changed in paths:
                    digest.update(b"%b\0%d\0%d\0" % (path, size, changed))
                column = pa.array([path for path, _, _ in paths], pa.large_binary())
                writer.write_batch(pa.record_batch([column], schema=_schema()))
                counts.append(len(paths))
        key = digest.hexdigest()[:32]
        names = home / f"{key}.arrow"
        # Windows replaces no file that is mapped.
        if not names.exists() or names.stat().st_size != partial.stat().st_size:
            partial.replace(names)
    return FolderRows(root, names, np.array(counts, np.int64)), key


def has_files(folder: Path) -> bool:
    """Tell whether a folder holds any visible file, at any depth."""
    return next(_files(folder, "", ()), None) is not None


def _files(
    folder: Path, prefix: str, parents: tuple[Path, ...]
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (path below the split, size in bytes, change time in ns) of each visible file."""
    real = folder.resolve()
    if real in parents:
        raise ValueError(
            f"The link {str(folder)!r} leads back to {str(real)!r}, a folder that holds it; needed "
            "folders that end. Remove the link."
        )
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = prefix + entry.name
            if entry.is_dir():
                if parents and is_ours(folder / entry.name):
                    raise ValueError(
                        f"{str(folder / entry.name)!r} was written by smallset, but lies where "
                        "images of a class are read. Needed a place outside of the data. Move it."
                    )
                yield from _files(folder / entry.name, path + "/", (*parents, real))
            else:
                # A dangling link has no size; reading it later names it as a bad file.
                status = entry.stat(follow_symlinks=os.path.exists(entry.path))
                yield os.fsencode(path), status.st_size, status.st_mtime_ns


@cache
def _schema() -> "pa.Schema":
    """Return the columns of a list of names."""
    return pa.schema([("path", pa.large_binary())])
