"""A folder of class folders, with or without splits above them."""

import os
from pathlib import Path

from smallset.data.decode import EXTENSIONS
from smallset.data.held_out import VALIDATION, choose_split
from smallset.data.listing import has_files, list_files
from smallset.data.source import RawSplit, Source
from smallset.data.tables import same_classes

_HELD_OUT = ("test", *VALIDATION)
_SPELLINGS = {"training": "train", "testing": "test"} | {s: s for s in ("train", *_HELD_OUT)}
_UNCLEAR = {"dev", "eval"}
"""Split names that mean validation to some and test to others."""


def folder_source(root: Path, name: str, *, work: Path) -> Source:
    """Open DATA/train/<class>/* with an optional test, val, valid or validation folder beside it,
    or class folders directly under DATA.

    "training" and "testing" are read as train and test, in any case. Where all folders of DATA have
    split names they are splits, never classes.

    Classes are the folder names, sorted. Files right beside class folders are left aside unless
    they are images, which would lose their class.

    Raises ValueError for a folder without images, an image outside any class folder, held-out
    folders without train, split folders of unclear or equal meaning, and classes that differ
    between splits.
    """
    top = _folders(root)
    if not top or not has_files(root):
        raise _empty(root)
    splits = _split_folders(root, top)
    train_root = splits.get("train", root)
    classes = _classes(train_root)
    rows, key = list_files(train_root, classes, work=work)
    train = RawSplit("train", rows, rows.labels, check_names=True)
    available = [split for split in _HELD_OUT if split in splits]
    chosen, held_out = choose_split(available, lambda split: bool(_folders(splits[split])))
    test = None
    if chosen is not None:
        own = _classes(splits[chosen])
        same_classes(name, chosen, own, classes)
        test_rows, test_key = list_files(splits[chosen], classes, work=work)
        test = RawSplit(chosen, test_rows, test_rows.labels, check_names=True)
        key = f"{key}-{test_key}"
    return Source(name, key, classes, train, test, held_out)


def _split_folders(root: Path, top: list[str]) -> dict[str, Path]:
    """Give the folder of each split; none where the folders in `root` are those of classes."""
    names = [name for name in top if name.casefold() in _SPELLINGS.keys() | _UNCLEAR]
    if names != top and not _folders(root / "train"):
        return {}
    found: dict[str, Path] = {}
    for name in names:
        split = _SPELLINGS.get(name.casefold())
        if split is None or split in found:
            why = (
                f"the split folder {name!r}, which may be validation or test"
                if split is None
                else f"the split folders {found[split].name!r} and {name!r}, both for {split}"
            )
            raise ValueError(
                f"{str(root)!r} has {why}. Needed train/<class>/*, with an optional "
                "test/<class>/* or val/<class>/*. Rename it, or move it elsewhere."
            )
        found[split] = root / name
    if not _folders(found.get("train", root / "train")):
        raise ValueError(
            f"{str(root)!r} has {', '.join(f'{t}/' for t in names)} but no train/ with class "
            "folders in it. Needed images to choose from. Add train/<class>/*."
        )
    return found


def _folders(folder: Path) -> list[str]:
    """List the visible folders in a folder, sorted; none where it is no folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def _classes(folder: Path) -> tuple[str, ...]:
    with os.scandir(folder) as entries:
        loose = sorted(
            entry.name
            for entry in entries
            if entry.is_file()
            and not entry.name.startswith(".")
            and Path(entry.name).suffix.lower() in EXTENSIONS
        )
    if loose:
        raise ValueError(
            f"{str(folder)!r} has {len(loose)} image(s) outside any class folder, such as "
            f"{loose[0]!r}. Needed every image in the folder of its class. Move or remove them."
        )
    return tuple(_folders(folder))


def _empty(root: Path) -> ValueError:
    return ValueError(
        f"{str(root)!r} holds no images in a layout that is understood. Needed class folders "
        "(DATA/<class>/*, or DATA/train/<class>/* with an optional test/ or val/) or parquet files "
        "(train-*.parquet, with an optional test-* or validation-*, also in DATA/data). Point to "
        "the folder that holds them."
    )
