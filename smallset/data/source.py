"""A data set before any image is read: the folder a user names, and the splits found there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from smallset.data.dataset import Rows
from smallset.files import at_home
from smallset.shapes import Int64
from smallset.spec import Registry, write


@dataclass(frozen=True)
class Folder:
    """A folder, and the parts of it that hold the training and the held-out images.

    `train` and `test` are patterns of paths below `path`. A pattern names one folder of class
    folders, such as `seg_train/seg_train` (`.` for the folder itself), or parquet files, such as
    `train-*.parquet`. Without `train`, the names in the folder decide. With `train` alone, 20 % of
    each class are held out. If the folder is a set that smallset wrote, `train` must be None, and
    `test` is the data set whose held-out images are used, as `open_data` takes it.
    """

    path: str
    train: str | None = None
    test: str | None = None

    def __str__(self) -> str:
        """Return the spec that `open_data` reads."""
        return write(self, TABLES)

    def part(self, split: Literal["train", "test"]) -> Path | None:
        """Return the folder that the pattern of a split names, or None without a pattern.

        Raises ValueError if the pattern does not name exactly one folder.
        """
        pattern = self.train if split == "train" else self.test
        if pattern is None:
            return None
        found = [path for path in self._matches(pattern) if path.is_dir()]
        if len(found) == 1:
            return found[0]
        problem = f"{len(found)} folders" if found else "nothing"
        raise ValueError(
            f"--{split} {pattern} names {problem} in {self.path!r}. Needed one folder of class "
            "folders, or parquet files. Give its path below DATA, such as seg_train/seg_train."
        )

    def files(self) -> dict[str, list[Path]]:
        """Return the parquet files of each split, or nothing if no pattern names a parquet file.

        Raises ValueError if only one of two patterns names parquet files, or if they share a file.
        """
        given = {"train": self.train, "test": self.test}
        found = {
            split: [file for path in self._matches(pattern) for file in _parquet_at(path)]
            for split, pattern in given.items()
            if pattern is not None
        }
        used = [split for split, files in found.items() if files]
        if not used:
            return {}
        for split in found.keys() - used:
            raise ValueError(
                f"--{split} {given[split]} names no parquet file in {self.path!r}, but --{used[0]} "
                f"{given[used[0]]} does. Needed parquet files for both. Correct the pattern."
            )
        both = sorted({*found["train"]} & {*found.get("test", ())})
        if both:
            raise ValueError(
                f"--train {self.train} and --test {self.test} both name {both[0].name!r}. Needed "
                "held-out images that are not trained on. Correct one of the patterns."
            )
        return found

    def _matches(self, pattern: str) -> list[Path]:
        """Return the sorted paths in the folder that match a pattern.

        Raises ValueError if the pattern is empty or leads out of the folder.
        """
        root, parts = at_home(self.path), Path(pattern).parts
        if not pattern.strip():
            raise ValueError(
                f"an empty pattern names nothing in {self.path!r}. Needed a path below DATA. Give "
                "one, or . for the folder itself."
            )
        if Path(pattern).is_absolute() or ".." in parts:
            raise ValueError(
                f"the pattern {pattern!r} leads out of {self.path!r}. Needed a path below DATA. "
                "Give one such as seg_train/seg_train or train-*.parquet."
            )
        return [root] if not parts else sorted(root.glob(pattern))


TABLES: Registry = {Folder: {"folder": Folder}}


@dataclass(frozen=True, eq=False)
class RawSplit:
    """One split before its images are read.

    `labels()` returns the class index of each row, and may take long. `check_names` says that the
    names are file names, whose extensions promise a format.
    """

    name: str
    rows: Rows
    labels: Callable[[], Int64[np.ndarray, " n"]]
    check_names: bool = False


@dataclass(frozen=True, eq=False)
class Source:
    """A data set before its images are read.

    `test` is None if a held-out part must be cut off `train`. `held_out` says in words which images
    are held out. `key` changes if a path, file size or modification time changes. If `key` is
    empty, no index is kept. `unused` names the parts of the source that are not read.
    """

    name: str
    key: str
    classes: tuple[str, ...]
    train: RawSplit
    test: RawSplit | None
    held_out: str
    unused: tuple[str, ...] = ()

    @property
    def splits(self) -> list[RawSplit]:
        """The splits that are read, the training split first."""
        return [self.train] if self.test is None else [self.train, self.test]


def _parquet_at(path: Path) -> list[Path]:
    """Return the parquet file at a path, or the parquet files in a folder without subfolders."""
    if path.is_file():
        return [path] if path.suffix == ".parquet" else []
    inside = sorted(path.iterdir())
    return [] if any(p.is_dir() for p in inside) else [p for p in inside if p.suffix == ".parquet"]
