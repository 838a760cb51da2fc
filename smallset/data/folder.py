"""A folder of class folders, with or without splits above them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smallset.data.decode import EXTENSIONS
from smallset.data.held_out import VALIDATION, choose_split
from smallset.data.listing import has_files, list_files
from smallset.data.matching import counterparts
from smallset.data.source import Folder, RawSplit, Source, first_names

_HELD_OUT = ("test", *VALIDATION)
# Hugging Face `datasets` knows more words, wherever they stand in a path, and only in lower case. A
# folder is a split here if its whole name is such a word: a class may be called "test tube".
_SPELLINGS = {"training": "train", "testing": "test"} | {s: s for s in ("train", *_HELD_OUT)}
_UNCLEAR = {"dev", "eval"}
"""Split names that mean validation to some and test to others."""
_OURS = ("manifest.json", "run.json", "selection.json", "teacher.json")
"""A folder with such a file is a product of smallset, and never a class."""


@dataclass(frozen=True)
class _Layout:
    """Where the training images are, where held-out ones may be by split, and what is left."""

    train: Path
    held_out: Mapping[str, Path]
    unused: tuple[str, ...] = ()


def folder_source(root: Path, name: str, *, work: Path, chosen: Folder | None = None) -> Source:
    """Open DATA/train/<class>/* with an optional test, val, valid or validation folder beside it,
    or class folders directly under DATA, or the folders that the user has `chosen`.

    "training" and "testing" are read as train and test, in any case. If all folders of DATA have
    split names, the folders are splits and never classes.

    Classes are the folder names, sorted. Files right beside class folders are left aside unless
    they are images, which would lose their class. A folder that smallset wrote is left aside too.

    Raises ValueError for a folder without images, an image outside any class folder, held-out
    folders without train, split folders of unclear or equal meaning, folders that are splits or
    classes, and classes that differ between splits.
    """
    layout = _given(chosen) if chosen else _found(root)
    classes = _classes(layout.train, layout.held_out)
    rows, key = list_files(layout.train, classes, work=work)
    train = RawSplit("train", rows, rows.labels, check_names=True)
    split, held_out = _choose(layout, classes, chosen)
    unused = [*layout.unused, *_ours(layout.train)]
    unused += [
        f"{p.name}/ ({_why(s, p, classes)})" for s, p in layout.held_out.items() if s != split
    ]
    test = None
    if split is not None:
        place = layout.held_out[split]
        own = _classes(place, {})
        order = counterparts(own, classes, name=name, split=split)
        test_rows, test_key = list_files(place, tuple(own[o] for o in order), work=work)
        test = RawSplit(split, test_rows, test_rows.labels, check_names=True)
        key = f"{key}-{test_key}"
    return Source(name, key, classes, train, test, held_out, tuple(unused))


def _given(chosen: Folder) -> _Layout:
    train, test = chosen.part("train"), chosen.part("test")
    assert train is not None
    if test is None:
        return _Layout(train, {})
    if train == test or test in train.parents or train in test.parent.parents:
        raise ValueError(
            f"--train {chosen.train} and --test {chosen.test} share images. Needed held-out images "
            "that are not trained on. Name two folders, neither of them in a class of the other."
        )
    return _Layout(train, {"test": test})


def _found(root: Path) -> _Layout:
    """Read the meaning of the folders in DATA off their names."""
    top = [f for f in _subfolders(root) if not _has_our_file(root / f)]
    if not top or not has_files(root):
        raise _empty(root)
    if not _has_image(root):
        _check_no_parquet(root)
    splits = _splits(root, top)
    if splits:
        _check_train(root, splits, top)
        held_out = {split: path for split, path in splits.items() if split != "train"}
        others = [f for f in top if root / f not in splits.values()]
        unused = (*(f"{f}/" for f in others), *_ours(root))
        return _Layout(splits["train"], held_out, unused)
    _check_classes(root, top)
    return _Layout(root, {})


def _splits(root: Path, top: list[str]) -> dict[str, Path]:
    """Return the folder of each split, or none if the folders in `root` are those of classes."""
    names = [name for name in top if name.casefold() in _SPELLINGS.keys() | _UNCLEAR]
    trains = [name for name in names if _SPELLINGS.get(name.casefold()) == "train"]
    if names != top and not any(_subfolders(root / name) for name in trains):
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
                "test/<class>/* or val/<class>/*. Rename it, move it elsewhere, or say which "
                "folders are meant with --train and --test."
            )
        found[split] = root / name
    return found


def _check_train(root: Path, splits: Mapping[str, Path], top: Sequence[str]) -> None:
    """Refuse splits without a train folder of class folders, and one that may be a class."""
    train = splits.get("train")
    if train is None or not _subfolders(train):
        names = ", ".join(f"{path.name}/" for path in sorted(splits.values()))
        raise ValueError(
            f"{str(root)!r} has {names} but no train/ with class folders in it. Needed images to "
            "choose from. Add train/<class>/*."
        )
    others = [f for f in top if root / f not in splits.values() and _has_image(root / f)]
    if others and set(splits) == {"train"}:
        raise ValueError(
            f"{str(root)!r} has the folder {train.name!r} with folders in it, and beside it images "
            f"in {first_names(others)}. Needed to know whether {train.name!r} is a split or a "
            f"class. Say --train {train.name} if it is the training split, or --train . if all of "
            "them are classes."
        )


def _check_classes(root: Path, top: Sequence[str]) -> None:
    """Refuse several folders that hold the same folders: these are splits, not classes."""
    inner = {name: found for name in top if (found := _inner(root / name)) is not None}
    alike = [
        name
        for name, (_, folders) in inner.items()
        if any(
            other != name and 2 * len(folders & theirs) >= max(len(folders), len(theirs))
            for other, (_, theirs) in inner.items()
        )
    ]
    if not alike:
        return
    places = {name: inner[name][0].relative_to(root).as_posix() for name in alike}
    train = next((n for n in alike if "train" in n.casefold()), alike[0])
    test = next((n for n in alike if "test" in n.casefold()), None)
    test = test or next(n for n in alike if n != train)
    raise ValueError(
        f"{str(root)!r} has {len(alike)} folders that hold no image of their own and the same "
        f"folders ({first_names(sorted(inner[train][1]))}): {first_names(alike)}. They seem to be "
        "splits and not classes. Needed to know which is which. Say "
        f"--train {places[train]} --test {places[test]}, or --train . if they are classes."
    )


def _inner(folder: Path) -> tuple[Path, frozenset[str]] | None:
    """Return the folders in a folder without images of its own, and where these folders are.

    One folder that holds nothing but another one stands for it.
    """
    if next(_loose(folder), None) is not None:
        return None
    folders = _subfolders(folder)
    if len(folders) == 1:
        return _inner(folder / folders[0])
    return (folder, frozenset(folders)) if folders else None


def _choose(
    layout: _Layout, classes: tuple[str, ...], chosen: Folder | None
) -> tuple[str | None, str]:
    if chosen is not None and chosen.test is not None:
        return "test", chosen.said
    places = layout.held_out
    available = [split for split in _HELD_OUT if split in places]
    return choose_split(available, lambda split: _is_labelled(places[split], classes))


def _is_labelled(folder: Path, classes: tuple[str, ...]) -> bool:
    """Tell whether a split has class folders: not none, and not one that no class is called."""
    own = _subfolders(folder)
    return len(own) > 1 or (bool(own) and own[0] in classes)


def _why(split: str, folder: Path, classes: tuple[str, ...]) -> str:
    if not _is_labelled(folder, classes):
        own = _subfolders(folder)
        return f"no labels: its only folder is {own[0]!r}" if own else "no class folders"
    return "for choosing only" if split in VALIDATION else "not needed"


def _subfolders(folder: Path) -> list[str]:
    """List the visible folders in a folder, sorted; none if it is not a folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def _loose(folder: Path) -> Iterator[str]:
    """Yield the names of the visible image files right in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            named = Path(entry.name).suffix.lower() in EXTENSIONS
            if named and entry.is_file() and not entry.name.startswith("."):
                yield entry.name


def _has_image(folder: Path) -> bool:
    if next(_loose(folder), None) is not None:
        return True
    return any(_has_image(folder / name) for name in _subfolders(folder))


def _has_our_file(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _OURS)


def _ours(folder: Path) -> list[str]:
    """Name what smallset wrote among the folders in a folder."""
    ours = [name for name in _subfolders(folder) if _has_our_file(folder / name)]
    return [f"{name}/ (smallset wrote it)" for name in ours]


def _classes(folder: Path, apart: Mapping[str, Path]) -> tuple[str, ...]:
    """Name the class folders in a folder, which are not the splits set `apart`."""
    loose = sorted(_loose(folder))
    if loose:
        raise ValueError(
            f"{str(folder)!r} has {len(loose)} image(s) outside any class folder, such as "
            f"{loose[0]!r}. Needed every image in the folder of its class. Move or remove them."
        )
    return tuple(
        name
        for name in _subfolders(folder)
        if folder / name not in apart.values() and not _has_our_file(folder / name)
    )


def _check_no_parquet(root: Path) -> None:
    """Refuse a folder without images whose parquet files lie too far down to be its own."""
    tops = sorted({p.relative_to(root).parts[0] for p in root.glob("*/**/*.parquet")})
    if tops:
        named = " or ".join(repr(str(root / top)) for top in tops[:5])
        raise ValueError(
            f"{str(root)!r} holds parquet files only in folders further down: {first_names(tops)}. "
            "Needed the folder of one data set, which holds train-*.parquet or data/. Point to "
            f"{named}."
        )


def _empty(root: Path) -> ValueError:
    return ValueError(
        f"{str(root)!r} holds no images in a layout that is understood. Needed class folders "
        "(DATA/<class>/*, or DATA/train/<class>/* with an optional test/ or val/) or parquet files "
        "(train-*.parquet, with an optional test-* or validation-*, also in DATA/data). Point to "
        "the folder that holds them."
    )
