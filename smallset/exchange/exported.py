"""Read an exported set back: the same manifest and plan, the images where that layout has them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset
from smallset.data.hub import parquet_source
from smallset.data.work import keeping
from smallset.exchange.chosen_list import TABLE as CHOSEN
from smallset.exchange.foreign import HUB, ForeignSet, contents
from smallset.files import at_home
from smallset.records import Classes
from smallset.store.layout import TRAIN, layout_of, shards
from smallset.store.manifest import MANIFEST, read_manifest
from smallset.store.plan_table import PLAN, read_plan
from smallset.store.read import CompressedDataset, check_folder, contradictions, open_set, strangers

_AGAIN = "Restore it, or export the set again."


def is_ours(given: str | Path) -> bool:
    """Tell whether smallset wrote a folder, even if its manifest was lost since.

    Raises FileNotFoundError or NotADirectoryError where `given` is neither a folder nor "hf:...",
    and ValueError for a list of chosen images.
    """
    if str(given).startswith(HUB):
        return False
    folder = at_home(given)
    check_folder(folder)
    if (folder / CHOSEN).is_file():
        raise ValueError(
            f"'{given}' is a list of chosen images, but a set has images of its own. Make one: "
            "smallset compress without --plan-only."
        )
    return any((folder / name).is_file() for name in (MANIFEST, PLAN))


def open_made(given: str | Path, *, work: Path) -> CompressedDataset:
    """Open a set that smallset wrote: as it was made, or exported to hub or imagefolder.

    An exported set is the same set: its results have the same fingerprints. Raises as `open_set`,
    and ValueError for a webdataset export and for an export that was changed.
    """
    path = at_home(given)
    layout = layout_of(path)
    if layout == "hub":
        return _from_hub(path, shards(path), work)
    if layout == "imagefolder":
        return _from_folders(path)
    if layout == "webdataset":
        raise ValueError(
            f"'{path}' is an export for webdataset, which only streams. Needed the set itself, or "
            "an export to hub or imagefolder. Give one of them."
        )
    return open_set(path)


def _from_folders(path: Path) -> CompressedDataset:
    made = _records(path)
    missing, added = strangers(path / TRAIN, made.files)
    gone = [name for name in missing if name not in (MANIFEST, PLAN)]
    for word, names in (("lacks", gone), ("has the additional", added)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ValueError(f"'{path / TRAIN}' {word} file '{names[0]}'{more}. {_AGAIN}")
    return replace(made, path=path / TRAIN)


def _from_hub(path: Path, shards: list[Path], work: Path) -> ForeignSet:
    made = _records(path)
    manifest = made.manifest
    with keeping(work):
        source = parquet_source(path.resolve().name, {TRAIN: shards}, work=work)
        labels = source.train.labels()
    if source.classes != manifest.classes or not np.array_equal(labels, made.labels):
        raise ValueError(
            f"'{path}' has {len(labels)} rows of {len(source.classes)} classes, which are not the "
            f"{len(made.files)} images of {len(manifest.classes)} classes of its {MANIFEST}, in "
            f"the same order. {_AGAIN}"
        )
    m = len(made.files)
    dataset = ImageDataset(
        name=source.name,
        split=TRAIN,
        classes=Classes(manifest.classes),
        labels=made.labels,
        sizes=np.full((m, 2), manifest.size, np.int32),
        rows=np.arange(m),
        content=contents(made.files),
        fingerprint=manifest.digest,
        encoded_bytes=manifest.image_bytes,
        skipped=(),
        origin=source.train.rows,
    )
    return ForeignSet(path, manifest, made.files, made.plan, made.content, dataset)


def _records(path: Path) -> CompressedDataset:
    """Read and compare the manifest and plan of an export, which are those of the set."""
    manifest = read_manifest(path)
    plan, files, content = read_plan(path, size=manifest.size, sha256=manifest.plan_sha256)
    for problem in contradictions(manifest, plan, files):
        raise ValueError(f"'{path}': {problem}. {_AGAIN}")
    return CompressedDataset(path, manifest, files, plan, content)
