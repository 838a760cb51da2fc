"""plan.parquet: where every tile of every file comes from, and what each file's bytes are."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from smallset.data import ImageDataset
from smallset.lazy import pa, pq
from smallset.records import Plan, Resample

PLAN = "plan.parquet"


@dataclass(frozen=True)
class ImageFile:
    """One image file: its path inside the set ("cat/00000.png"), its hash and its size."""

    path: str
    sha256: str
    bytes: int


def plan_bytes(plan: Plan, files: Sequence[ImageFile], dataset: ImageDataset) -> bytes:
    """Give the content of plan.parquet; the same under the same pyarrow.

    `files` stand in the plan's order. Empty tiles have null sources.
    """
    m, tiles = plan.source.shape
    source = plan.source.reshape(-1)
    empty = source < 0
    ids = [None if s < 0 else valid_text(dataset.id(int(s))) for s in source]
    rows, content = (
        column[np.where(empty, 0, source)] for column in (dataset.rows, dataset.content)
    )
    box = _schema().field("source_box").type
    table = pa.table(
        [
            pa.array([f.path for f in files for _ in range(tiles)], pa.string()),
            pa.array([f.sha256 for f in files for _ in range(tiles)], pa.string()),
            pa.array(np.repeat([f.bytes for f in files], tiles), pa.int64()),
            pa.array(np.repeat(plan.label, tiles), pa.int64()),
            pa.array(np.tile(np.arange(tiles), m), pa.int32()),
            pa.array(source, pa.int64(), mask=empty),
            pa.array(rows, pa.int64(), mask=empty),
            pa.array(ids, pa.string()),
            pa.array(content, pa.int64(), mask=empty),
            pa.FixedSizeListArray.from_arrays(plan.source_box.reshape(-1), type=box),
            pa.FixedSizeListArray.from_arrays(plan.tile_box.reshape(-1), type=box),
        ],
        schema=_schema().with_metadata({"resample": plan.resample}),
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


class Recorded(NamedTuple):
    """What plan.parquet says: the plan, the files in its order, and which source images are shown.

    `content` are the different `content_of` the images, in ascending order.
    """

    plan: Plan
    files: tuple[ImageFile, ...]
    content: Int64[np.ndarray, " k"]


def read_plan(folder: Path, *, size: int, sha256: str | None) -> Recorded:
    """Read plan.parquet of the set in `folder`, whose canvases are `size` pixels.

    Raises ValueError where it is missing, is not the file with the hash `sha256` (None: any), or
    contradicts itself.
    """
    path = folder / PLAN
    if not path.is_file():
        raise ValueError(f"'{path}' is missing. Restore it, or make the set again.")
    content = path.read_bytes()
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(
            f"'{path}' was changed: its sha256 is not the one in the manifest. Restore it, or make "
            f"the set again."
        )
    try:
        # Not `read_table`: the threads of pyarrow.dataset may abort the process when it ends.
        table = pq.ParquetFile(io.BytesIO(content)).read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())  # some have line breaks
        raise ValueError(
            f"'{path}' is not a parquet file that can be read ({reason}). Restore it, or make the "
            f"set again."
        ) from error
    if not table.schema.equals(_schema()):
        raise ValueError(
            f"'{path}' has other columns than a plan: {', '.join(table.column_names) or 'none'}. "
            f"It needs {', '.join(_schema().names)}. Restore it, or make the set again."
        )
    fault = _fault(table, size)
    if fault:
        raise ValueError(f"'{path}' {fault}. Restore it, or make the set again.")
    shown = np.unique(table["source_content"].drop_null().to_numpy())
    return Recorded(_plan(table, size), _files(table), shown)


def valid_text(text: str) -> str:
    """A file name that is not valid UTF-8 has no place in parquet: show its bytes instead."""
    return text.encode("utf-8", "backslashreplace").decode()


def _tiles(table: "pa.Table") -> int:
    return int(table["tile"].to_numpy().max(initial=-1)) + 1


def _fault(table: "pa.Table", size: int) -> str | None:
    """Say what contradicts itself, if anything does."""
    tile, tiles = table["tile"].to_numpy(), _tiles(table)
    if tiles < 1 or len(tile) % tiles or (tile.reshape(-1, tiles) != np.arange(tiles)).any():
        return "does not hold the same number of tiles for every file"
    if (table.schema.metadata or {}).get(b"resample") not in (b"antialias", b"nearest"):
        return "does not say how its tiles were resampled"
    for name in ("file", "sha256", "file_bytes", "label"):
        column = table[name].to_numpy().reshape(-1, tiles)
        if (column != column[:, :1]).any():
            return f"gives one file several values of {name!r}"
    files = table["file"].to_numpy()[::tiles]
    if len(set(files)) < len(files):
        return "names a file twice"
    left, top, right, bottom = _boxes(table, "tile_box").reshape(-1, 4).T
    if ((left < 0) | (top < 0) | (right <= left) | (bottom <= top)).any() or (
        max(int(right.max()), int(bottom.max())) > size
    ):
        return f"has a tile outside its canvas of {size} x {size} pixels"
    if max(int(right.max()), int(bottom.max())) < size:
        return f"has no tile at the right or lower edge of its canvases of {size} x {size} pixels"
    return None


def _boxes(table: "pa.Table", name: str) -> np.ndarray:
    flat = table[name].combine_chunks().flatten().to_numpy()
    return np.array(flat, dtype=np.int32).reshape(-1, _tiles(table), 4)


def _plan(table: "pa.Table", size: int) -> Plan:
    tiles = _tiles(table)
    resample: Resample = "nearest"
    if table.schema.metadata[b"resample"] == b"antialias":
        resample = "antialias"
    return Plan(
        size=size,
        resample=resample,
        source=np.array(table["source"].fill_null(-1), dtype=np.int64).reshape(-1, tiles),
        source_box=_boxes(table, "source_box"),
        tile_box=_boxes(table, "tile_box"),
        label=np.array(table["label"], dtype=np.int64)[::tiles].copy(),
    )


def _files(table: "pa.Table") -> tuple[ImageFile, ...]:
    firsts = table.take(np.arange(0, len(table), _tiles(table)))
    columns = (firsts[name].to_pylist() for name in ("file", "sha256", "file_bytes"))
    return tuple(ImageFile(*row) for row in zip(*columns, strict=True))


@cache
def _schema() -> "pa.Schema":
    """Return the columns of the table: one row a tile."""
    # `source` is the position in the training images, `source_row` the row in the
    # source's own order (they differ where bad files or held-out images were left out), and
    # `source_content` stands for the source image's encoded bytes (`smallset.data.content_of`): it
    # tells whether a set holds an image, whatever the image is called elsewhere.
    box = pa.list_(pa.int32(), 4)
    return pa.schema(
        [
            pa.field("file", pa.string(), nullable=False),
            pa.field("sha256", pa.string(), nullable=False),
            pa.field("file_bytes", pa.int64(), nullable=False),
            pa.field("label", pa.int64(), nullable=False),
            pa.field("tile", pa.int32(), nullable=False),
            pa.field("source", pa.int64()),
            pa.field("source_row", pa.int64()),
            pa.field("source_id", pa.string()),
            pa.field("source_content", pa.int64()),
            pa.field("source_box", box, nullable=False),
            pa.field("tile_box", box, nullable=False),
        ]
    )
