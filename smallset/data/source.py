"""What a source hands to the index: its splits, still unread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from smallset.data.dataset import Rows

_NAMED = 5


@dataclass(frozen=True)
class Chosen:
    """The parts of a folder that the user chose: patterns of paths below it.

    A pattern names one folder of class folders ("seg_train/seg_train", or "." for the folder
    itself) or parquet files ("train-*.parquet"). Without `test` a part of train is held out.
    """

    train: str
    test: str | None = None

    @property
    def said(self) -> str:
        """The sentence about the held-out images."""
        return f"{self.test!r}, as given"

    def folder(self, root: Path, split: str) -> Path | None:
        """Return the one folder that the pattern of "train" or "test" names; None for no pattern.

        Raises ValueError for a pattern that names none, or several.
        """
        pattern = self.train if split == "train" else self.test
        if pattern is None:
            return None
        found = [path for path in _matches(root, pattern) if path.is_dir()]
        if len(found) == 1:
            return found[0]
        problem = f"{len(found)} folders" if found else "nothing"
        raise ValueError(
            f"--{split} {pattern} names {problem} in {str(root)!r}. Needed one folder of class "
            "folders, or parquet files. Give its path below DATA, such as seg_train/seg_train."
        )

    def files(self, root: Path) -> dict[str, list[Path]]:
        """Return the parquet files of each split; none at all if train names no parquet file.

        Raises ValueError if only one of the two patterns names parquet files, or both the same.
        """
        given = {"train": self.train} | ({} if self.test is None else {"test": self.test})
        found = {
            split: [p for p in _matches(root, pattern) if p.suffix == ".parquet" and p.is_file()]
            for split, pattern in given.items()
        }
        if not any(found.values()):
            return {}
        for split, files in found.items():
            if not files:
                raise ValueError(
                    f"--{split} {given[split]} names no parquet file in {str(root)!r}, but the "
                    "other split is one. Needed parquet files for both. Correct the pattern."
                )
        both = sorted({*found["train"]} & {*found.get("test", ())})
        if both:
            raise ValueError(
                f"--train {self.train} and --test {self.test} both name {both[0].name!r}. Needed "
                "held-out images that are not trained on. Correct one of the patterns."
            )
        return found


@dataclass(frozen=True, eq=False)
class RawSplit:
    """One split before its images are looked at; `labels` are only asked for when indexing.

    `check_names` says that names end in an extension that promises a format.
    """

    name: str
    rows: Rows
    labels: Callable[[], Int64[np.ndarray, " n"]]
    check_names: bool = False


@dataclass(frozen=True, eq=False)
class Source:
    """A data set before its images are looked at.

    `test` is None if a held-out part must be cut off `train`; `held_out` is the sentence that says
    so or names the split. `key` changes whenever a path, file size or modification time does, and
    is empty for a source that is not worth remembering (arrays). `unused` names what the source
    holds besides.
    """

    name: str
    key: str
    classes: tuple[str, ...]
    train: RawSplit
    test: RawSplit | None
    held_out: str
    unused: tuple[str, ...] = ()


def first_names(names: Sequence[str]) -> str:
    """List names in quotes for a message, five at most."""
    return ", ".join(map(repr, names[:_NAMED])) + (" ..." if len(names) > _NAMED else "")


def _matches(root: Path, pattern: str) -> list[Path]:
    """Return what a pattern names below a folder, sorted; nothing outside of it."""
    parts = Path(pattern).parts
    if Path(pattern).is_absolute() or ".." in parts:
        raise ValueError(
            f"the pattern {pattern!r} leads out of {str(root)!r}. Needed a path below DATA. Give "
            "one such as seg_train/seg_train or train-*.parquet."
        )
    return [root] if not parts else sorted(root.glob(pattern))
