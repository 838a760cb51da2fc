"""Read an exported set back, with the manifest and plan of the set that was exported."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from smallset.data.hub import parquet_source
from smallset.data.tree import is_set
from smallset.data.work import keeping
from smallset.exchange.chosen_list import TABLE as CHOSEN
from smallset.exchange.foreign import HUB
from smallset.files import at_home
from smallset.store import CompressedDataset, open_set
from smallset.store.agreement import (
    TRAIN,
    check_files,
    check_folder,
    layout_of,
    shards,
    strangers,
)
from smallset.store.manifest import MANIFEST
from smallset.store.plan_table import PLAN
from smallset.store.read import file_bytes, read_records

_AGAIN = "Restore it, or export the set again."


def is_ours(given: str | Path) -> bool:
    """Return whether smallset wrote a folder, even if the manifest is now missing.

    Raises FileNotFoundError or NotADirectoryError if `given` is neither a folder nor "hf:...", and
    ValueError for a list of chosen images.
    """
    if str(given).startswith(HUB):
        return False
    folder = at_home(given)
    check_folder(folder)
    if (folder / CHOSEN).is_file():
        raise ValueError(
            f"'{given}' is a list of chosen images without pixels. Needed a set. Make one with "
            "smallset compress, without --plan-only."
        )
    return (folder / MANIFEST).is_file() or is_set(folder)


def opened(given: str | Path | CompressedDataset, *, work: Path) -> CompressedDataset:
    """Open a set as `open_made` does. Return a set that is already open as it is.

    Raises the errors of `open_made`, and ValueError for a folder that smallset did not write.
    """
    if isinstance(given, CompressedDataset):
        return given
    if not is_ours(given):
        raise ValueError(
            f"'{given}' has no manifest, so nothing is known of its bytes and views. Needed a set "
            "that `smallset compress` or `smallset export` made."
        )
    return open_made(given, work=work)


def open_made(given: str | Path, *, work: Path) -> CompressedDataset:
    """Open a set that smallset wrote: as it was made, or exported to hub or imagefolder.

    An exported set counts as the same set, so its results have the same fingerprints. Raises
    FileNotFoundError or NotADirectoryError if there is no such folder, and ValueError for an export
    to webdataset and for a set that was edited or damaged.
    """
    path = at_home(given)
    layout = layout_of(path)
    if layout == "hub":
        return _from_hub(path, work)
    if layout == "imagefolder":
        made = read_records(path)
        missing, added = strangers(path / TRAIN, made.files)
        gone = [name for name in missing if name not in (MANIFEST, PLAN)]
        check_files(path / TRAIN, (gone, added), _AGAIN)
        return replace(made, source=partial(file_bytes, path / TRAIN, made.files))
    if layout == "webdataset":
        raise ValueError(
            f"'{path}' is an export for webdataset, which can only be streamed. Needed the set "
            "itself, or its export to hub or imagefolder. Give one of them."
        )
    return open_set(path)


def _from_hub(path: Path, work: Path) -> CompressedDataset:
    with keeping(work):
        source = parquet_source(path.resolve().name, {TRAIN: shards(path)}, work=work)
        labels = source.train.labels()
    made = replace(read_records(path), source=source.train.rows.read)
    classes = made.manifest.classes
    if source.classes != classes or not np.array_equal(labels, made.plan.label):
        raise ValueError(
            f"'{path}' has {len(labels)} rows of {len(source.classes)} classes, which are not the "
            f"{len(made.files)} images of {len(classes)} classes of its {MANIFEST}, in the same "
            f"order. {_AGAIN}"
        )
    return made
