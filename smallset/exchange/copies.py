"""What every export reads of a set: each image's own bytes, checked, and its tiles' sources."""

import hashlib
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from smallset.store.plan_table import PLAN
from smallset.store.read import CompressedDataset

Told = Callable[[int], None]
"""Told how many images are done."""

PROVENANCE = ("source_row", "source_id", "source_box", "tile_box")
"""The columns of plan.parquet that say, tile by tile, what an image shows and where."""


def encoded(made: CompressedDataset, row: int) -> bytes:
    """Read image `row` as it lies in the set; raise ValueError where it is not what was written."""
    file = made.files[row]
    path = made.path / file.path
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ValueError(
            f"'{path}' was changed after it was written. Restore it, or make the set again; "
            f"`smallset verify '{made.path}'` lists all that changed."
        )
    return content


def provenance(made: CompressedDataset) -> dict[str, list[list[object]]]:
    """Give, by column of PROVENANCE, each image's list of its tiles' values, in tile order.

    A tile that shows no source image has null as its row and id.
    """
    table = pq.ParquetFile(made.path / PLAN).read(columns=list(PROVENANCE), use_threads=False)
    tiles = made.tile_box.shape[1]
    return {name: _folded(table[name], tiles) for name in PROVENANCE}


def _folded(column: pa.ChunkedArray, tiles: int) -> list[list[object]]:
    values: list[object] = column.to_pylist()
    return [values[start : start + tiles] for start in range(0, len(values), tiles)]
