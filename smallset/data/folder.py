"""A folder of class folders, with or without splits above them."""

import os
from pathlib import Path

from smallset.data.decode import EXTENSIONS
from smallset.data.held_out import VALIDATION, choose_split
from smallset.data.listing import has_files, list_files
from smallset.data.source import RawSplit, Source
from smallset.data.tables import same_classes

_HELD_OUT = ("test", *VALIDATION)


def folder_source(root: Path, name: str, *, work: Path) -> Source:
    """Open DATA/train/<class>/* with an optional test, val, valid or validation folder beside it,
    or class folders directly under DATA.

    Classes are the folder names, sorted. Files right beside class folders are left aside unless
    they are images, which would lose their class.

    Raises ValueError for a folder without images, an image outside any class folder, held-out
    folders without train, and classes that differ between splits.
    """
    if not has_files(root):
        raise _empty(root)
    split_layout = bool(_folders(root / "train"))
    top = _folders(root)
    if not top:
        raise _empty(root)
    if not split_layout and set(top) <= set(_HELD_OUT):
        raise ValueError(
            f"{str(root)!r} has {', '.join(f'{t}/' for t in top)} but no train/ with class folders "
            "in it. Needed images to choose from. Add train/<class>/*."
        )
    train_root = root / "train" if split_layout else root
    classes = _classes(train_root)
    rows, key = list_files(train_root, classes, work=work)
    train = RawSplit("train", rows, rows.labels, check_names=True)
    available = [split for split in _HELD_OUT if split_layout and (root / split).is_dir()]
    chosen, held_out = choose_split(available, lambda split: bool(_folders(root / split)))
    test = None
    if chosen is not None:
        own = _classes(root / chosen)
        same_classes(name, chosen, own, classes)
        test_rows, test_key = list_files(root / chosen, classes, work=work)
        test = RawSplit(chosen, test_rows, test_rows.labels, check_names=True)
        key = f"{key}-{test_key}"
    return Source(name, key, classes, train, test, held_out)


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
