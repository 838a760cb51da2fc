"""Find the folders of the training and held-out images, by name or as the user gave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smallset.data.source import Folder
from smallset.data.splits import VALIDATION, splits_named
from smallset.data.tree import (
    has_files,
    has_image,
    is_ours,
    is_set,
    loose_images,
    ours_in,
    subfolders,
)
from smallset.numbers import listed

HELD_OUT = ("test", *VALIDATION)
# Hugging Face `datasets` finds more words, anywhere in a path, but only in lower case. Here, the
# whole name of a split folder must be one of these words: a class may be called "test tube".
_SPELLINGS = {"training": "train", "testing": "test"} | {s: s for s in ("train", *HELD_OUT)}
_UNCLEAR = {"dev", "eval"}
"""Names that mean validation to some people and test to others."""


@dataclass(frozen=True)
class Layout:
    """The folder of the training images, the folder of each other split, and the unused rest."""

    train: Path
    held_out: Mapping[str, Path]
    unused: tuple[str, ...] = ()


def given_layout(root: Path, chosen: Folder) -> Layout:
    """Return the folders that the user has chosen in `root`.

    Raises ValueError if a pattern does not name exactly one folder, or if the folders share images.
    """
    train, test = chosen.part("train"), chosen.part("test")
    assert train is not None
    if is_set(train):
        raise ValueError(
            f"--train {chosen.train} names a set that smallset wrote, which has no part to hold "
            f"out. Needed a folder of class folders. Give {str(train)!r} itself as DATA."
        )
    if test is not None and (
        train == test or test in train.parents or train in test.parent.parents
    ):
        raise ValueError(
            f"--train {chosen.train} and --test {chosen.test} share images. Needed held-out images "
            "that are not trained on. Name two folders, neither of them in a class of the other."
        )
    held_out = {} if test is None else {"test": test}
    used = {p.relative_to(root).parts[0] for p in (train, *held_out.values()) if p != root}
    rest = [] if train == root else [f for f in subfolders(root) if f not in used]
    return Layout(train, held_out, tuple(f"{f}/" for f in rest))


def found_layout(root: Path) -> Layout:
    """Tell splits and classes in `root` apart by the names and contents of its folders.

    Raises ValueError if there are no images, if two names contradict each other, or if folders may
    be either splits or classes.
    """
    top = [f for f in subfolders(root) if not is_ours(root / f)]
    if not top or not has_files(root):
        raise ValueError(
            f"{str(root)!r} holds no images in a layout that is understood. Needed class folders "
            "(DATA/<class>/*, or DATA/train/<class>/* with an optional test/ or val/) or parquet "
            "files (train-*.parquet, with an optional test-* or validation-*, also in DATA/data). "
            "Point to the folder that holds them."
        )
    if not has_image(root):
        _check_no_parquet(root)
    splits = _splits(root, top)
    if splits:
        _check_train(root, splits, top)
        held_out = {split: path for split, path in splits.items() if split != "train"}
        others = [f for f in top if root / f not in splits.values()]
        return Layout(splits["train"], held_out, (*(f"{f}/" for f in others), *ours_in(root)))
    _check_classes(root, top)
    return Layout(root, {})


def _splits(root: Path, top: list[str]) -> dict[str, Path]:
    """Return the folder of each split, or nothing if the folders in `root` are classes.

    Raises ValueError for unclear names of splits.
    """
    names = [name for name in top if name.casefold() in _SPELLINGS.keys() | _UNCLEAR]
    trains = [name for name in names if _SPELLINGS.get(name.casefold()) == "train"]
    if names != top and not any(subfolders(root / name) for name in trains):
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
    """Refuse splits without class folders in train, and a train folder that may be a class."""
    train = splits.get("train")
    if train is None or not subfolders(train):
        names = ", ".join(f"{path.name}/" for path in sorted(splits.values()))
        raise ValueError(
            f"{str(root)!r} has {names} but no train/ with class folders in it. Needed images to "
            "choose from. Add train/<class>/*."
        )
    others = [f for f in top if root / f not in splits.values() and has_image(root / f)]
    if others and set(splits) == {"train"}:
        raise ValueError(
            f"{str(root)!r} has the folder {train.name!r} with folders in it, and beside it images "
            f"in {listed(others)}. Needed to know whether {train.name!r} is a split or a class. "
            f"Say --train {train.name} if it is the training split, or --train . if all of them "
            "are classes."
        )
    inner = _inner(train)
    if inner is not None and inner[0] != train:
        tests = [found[0] for s, p in splits.items() if s != "train" and (found := _inner(p))]
        raise ValueError(
            f"{str(root)!r} has {train.name!r}, which holds nothing but another folder. Needed the "
            f"folder that holds the class folders. Say {_advice(root, inner[0], tests)}."
        )


def _check_classes(root: Path, top: Sequence[str]) -> None:
    """Refuse class folders that hold splits, or that seem to be splits themselves."""
    holders = [
        n for n in top if any(_SPELLINGS.get(s.casefold()) == "train" for s in subfolders(root / n))
    ]
    if len(holders) > 1:
        raise ValueError(
            f"{str(root)!r} has splits inside its folders {listed(holders)}. Needed "
            "train/<class>/*, with an optional test/<class>/*. Move the folders, or say --train . "
            "if these are classes, and all of their images are for training."
        )
    if holders:
        raise ValueError(
            f"{str(root)!r} has the splits in its folder {holders[0]!r}. Needed the folder that "
            f"holds train/. Point to {str(root / holders[0])!r}."
        )
    inner = {name: found for name in top if (found := _inner(root / name)) is not None}
    seem = [n for n in top if _is_named_like_a_split(root / n) or _is_like_another(n, inner)]
    parts = [n for n in seem if subfolders(root / n)]
    if not parts:
        return
    places = {n: inner[n][0] if n in inner else root / n for n in parts}
    train = next((n for n in parts if "train" in splits_named(n.casefold())), parts[0])
    tests = [n for n in parts if n != train]
    tests.sort(key=lambda n: "test" not in splits_named(n.casefold()))
    advice = _advice(root, places[train], [places[n] for n in tests])
    raise ValueError(
        f"{str(root)!r} has folders that seem to be splits and not classes: {listed(seem)}. "
        f"{train!r} holds {listed(subfolders(places[train]))}. Needed to know which is which. "
        f"Say {advice}, or --train . if they are classes."
    )


def _is_named_like_a_split(folder: Path) -> bool:
    """Tell whether a folder's name contains the word of a split, but is not that word."""
    return bool(splits_named(folder.name.casefold())) and folder.name.casefold() not in _SPELLINGS


def _is_like_another(name: str, inner: Mapping[str, tuple[Path, frozenset[str]]]) -> bool:
    """Tell whether another folder holds mostly the same subfolders as this one."""
    if name not in inner:
        return False
    own = inner[name][1]
    others = [folders for other, (_, folders) in inner.items() if other != name]
    return any(2 * len(own & theirs) >= max(len(own), len(theirs)) for theirs in others)


def _inner(folder: Path) -> tuple[Path, frozenset[str]] | None:
    """Return the folder that holds the subfolders, and their names.

    This is `folder`, unless it holds only one other folder: then that folder is searched instead.
    Return None if there are no subfolders, or if there are images beside them.
    """
    if any(loose_images(folder)):
        return None
    folders = subfolders(folder)
    if len(folders) == 1:
        return _inner(folder / folders[0])
    return (folder, frozenset(folders)) if folders else None


def _advice(root: Path, train: Path, tests: Sequence[Path]) -> str:
    """Write the options for a training folder, and for the first held-out folder if any."""
    said = f"--train {train.relative_to(root).as_posix()}"
    return f"{said} --test {tests[0].relative_to(root).as_posix()}" if tests else said


def _check_no_parquet(root: Path) -> None:
    """Refuse a folder without images that has parquet files in its subfolders only."""
    tops = sorted({p.relative_to(root).parts[0] for p in root.glob("*/**/*.parquet")})
    if not tops:
        return
    if all(splits_named(top.casefold()) for top in tops):
        train = next((t for t in tops if "train" in splits_named(t.casefold())), tops[0])
        tests = [f" --test '{t}/**/*.parquet'" for t in tops if t != train]
        what = f"Say --train '{train}/**/*.parquet'{''.join(tests[:1])}"
    else:
        what = f"Point to {' or '.join(repr(str(root / top)) for top in tops[:5])}"
    raise ValueError(
        f"{str(root)!r} holds parquet files only in folders further down: {listed(tops)}. "
        f"Needed the folder of one data set, which holds train-*.parquet or data/. {what}."
    )
