"""WebDataset's layout: tar shards of key.png, key.cls and key.json, for streaming."""

import io
import json
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smallset.exchange.copies import Told, encoded, provenance
from smallset.exchange.hub import SHARD_BYTES, shard_rows
from smallset.files import write_file
from smallset.store.plan_table import ImageFile
from smallset.store.read import CompressedDataset

CLASSES = "classes.json"
SEVERAL = "image"
"""The ending of the images of a set that has several formats."""


def write_tars(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Write train-*.tar and classes.json (the names in index order).

    The first image of every class, then the second, and so on: a stream that is shuffled in a small
    buffer still mixes classes, and a prefix is the smaller set. In the tar there is no time and no
    owner, so that the same set gives the same bytes.
    """
    classes = {"names": list(made.manifest.classes)}
    write_file(folder / CLASSES, (json.dumps(classes, indent=1) + "\n").encode())
    order, where, ending = _by_rank(made.labels), provenance(made), image_ending(made.files)
    shards = shard_rows([made.files[row].bytes for row in order], SHARD_BYTES)
    for number, shard in enumerate(shards):
        with (folder / f"train-{number:06d}.tar").open("xb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                for position in shard:
                    row = order[position]
                    facts: dict[str, object] = {n: lists[row] for n, lists in where.items()}
                    facts |= {"file": made.files[row].path, "label": int(made.labels[row])}
                    key = f"{position:08d}"
                    _add(tar, f"{key}.{ending}", encoded(made, row))
                    _add(tar, f"{key}.cls", str(made.labels[row]).encode())
                    _add(tar, f"{key}.json", json.dumps(facts, sort_keys=True).encode())
                    told(position + 1)
            file.flush()
            os.fsync(file.fileno())


def image_ending(files: Sequence[ImageFile]) -> str:
    """Return the ending under which the tar holds the images: "png".

    An ending is a column to the readers, and every sample needs the same columns. No ending of a
    format is right for images of several formats, so those have SEVERAL.
    """
    endings = {file.path.rpartition(".")[2] for file in files}
    return endings.pop() if len(endings) == 1 else SEVERAL


def _by_rank(labels: np.ndarray) -> list[int]:
    """Order rows by their rank within their class, then by class."""
    seen: dict[int, int] = {}
    ranks: list[int] = []
    for label in labels.tolist():
        ranks.append(seen.get(label, 0))
        seen[label] = ranks[-1] + 1
    return [int(row) for row in np.lexsort((labels, np.array(ranks)))]


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)  # no time, owner 0, mode 0644
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
