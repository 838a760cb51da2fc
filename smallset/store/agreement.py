"""Whether the files of a set agree with its records, and which layout its folder has."""

import os
from pathlib import Path

from smallset.numbers import listed
from smallset.records import Plan
from smallset.store.card import CARD
from smallset.store.images import ImageFile
from smallset.store.manifest import MANIFEST, Manifest, is_plain
from smallset.store.past import PAST
from smallset.store.plan_table import PLAN

TRAIN = "train"
# Files that are not verified: users may edit the card, and the Hub adds .gitattributes. No number
# depends on the picture of iterations, whose bytes change with the version of the font library.
FREE = (CARD, ".gitattributes", PAST)
_GIVE_SET = "Give the folder that `smallset compress` made."


def check_files(folder: Path, found: tuple[list[str], list[str]], advice: str) -> None:
    """Raise ValueError, with `advice`, if `found` names a file. `strangers` returns `found`."""
    for word, names in zip(("lacks", "has the additional"), found, strict=True):
        if names:
            raise ValueError(f"'{folder}' {word} file {listed(names, 1)}. {advice}")


def layout_of(path: Path) -> str | None:
    """Return the format of an exported set, such as "hub"; None for any other folder."""
    if not (path / MANIFEST).is_file():
        return None
    if shards(path):
        return "hub"
    if (path / TRAIN).is_dir():  # no class folder of a set has this name
        return "imagefolder"
    return "webdataset" if any(path.glob("train-*.tar")) else None


def shards(path: Path) -> list[Path]:
    """List the parquet shards of an export to hub."""
    return sorted((path / "data").glob(f"{TRAIN}-*.parquet"))


def check_folder(path: Path) -> None:
    """Raise FileNotFoundError or NotADirectoryError if `path` is not a folder."""
    if not path.exists():
        raise FileNotFoundError(f"'{path}' does not exist. {_GIVE_SET}")
    if not path.is_dir():
        raise NotADirectoryError(f"'{path}' is a file, but a set is a folder. {_GIVE_SET}")


def check_as_made(path: Path) -> None:
    """Raise ValueError if a folder is an export.

    Raises FileNotFoundError or NotADirectoryError if `path` is not a folder.
    """
    check_folder(path)
    layout = layout_of(path)
    if layout is not None:
        raise ValueError(
            f"'{path}' is an export to {layout}. Needed the set as it was made. {_GIVE_SET}"
        )


def contradictions(manifest: Manifest, plan: Plan, files: tuple[ImageFile, ...]) -> list[str]:
    """List where the manifest, the plan and its files contradict, in clauses without full stops."""
    problems: list[str] = []
    labels = plan.label
    if labels.min() < 0 or labels.max() >= len(manifest.classes):
        return [f"the plan has labels outside the manifest's {len(manifest.classes)} classes"]
    counts = plan.counts(len(manifest.classes))
    if counts != manifest.counts:
        at = next(i for i, (a, b) in enumerate(zip(counts, manifest.counts, strict=True)) if a != b)
        problems.append(
            f"the manifest counts {manifest.counts[at]} images of class "
            f"{manifest.classes[at]!r}, the plan {counts[at]}"
        )
    total = sum(file.bytes for file in files)
    if total != manifest.image_bytes:
        problems.append(f"the manifest counts {manifest.image_bytes} image bytes, the plan {total}")
    # Every path must be a plain name in the folder of its class, or it may lead out of the set.
    wrong = [
        file.path
        for file, label in zip(files, labels, strict=True)
        if not (
            file.path.startswith(f"{manifest.folders[label]}/")
            and is_plain(file.path.partition("/")[2])
        )
    ]
    if wrong:
        problems.append(
            f"the plan names {len(wrong)} files outside their class folders, the first is "
            f"{wrong[0]!r}"
        )
    return problems


def strangers(path: Path, files: tuple[ImageFile, ...]) -> tuple[list[str], list[str]]:
    """Return the paths that are missing in the folder, and the paths that do not belong there.

    An additional folder counts even if it is empty, since readers would take it for a class.
    """
    wanted = {file.path for file in files} | {MANIFEST, PLAN}
    kept = {file.partition("/")[0] for file in wanted} - {MANIFEST, PLAN}
    found: set[str] = set()
    added: list[str] = []
    for entry in os.scandir(path):
        if not entry.is_dir():
            found.add(entry.name)
        elif entry.name not in kept:
            added.append(f"{entry.name}/")
        else:
            found |= {
                f"{entry.name}/{inner.name}{'/' if inner.is_dir() else ''}"
                for inner in os.scandir(entry.path)
            }
    added += found - wanted - set(FREE)
    return sorted(wanted - found), sorted(added)
