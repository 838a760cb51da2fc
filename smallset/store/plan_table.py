"""plan.parquet: the source of every tile of every file, and the hash and size of each file."""

import hashlib
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smallset.data import ImageDataset
from smallset.lazy import pa, pq
from smallset.records import CODEC_BLOCK, Plan
from smallset.shapes import Int64
from smallset.store.images import ImageFile
from smallset.store.manifest import Manifest

PLAN = "plan.parquet"


def plan_bytes(plan: Plan, files: Sequence[ImageFile], dataset: ImageDataset) -> bytes:
    """Return the content of plan.parquet. Equal plans give equal bytes under the same pyarrow.

    `files` are in the plan's order. An empty tile has null as its source.
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
    return parquet_bytes(table)


def parquet_bytes(table: "pa.Table") -> bytes:
    """Return a table as the content of a parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def class_ranks(labels: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
    """Return each row's place among the rows of its class, from 0."""
    counts = np.bincount(labels)
    ranks = np.empty(len(labels), np.int64)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    ranks[np.argsort(labels, kind="stable")] = np.arange(len(labels)) - starts
    return ranks


class Recorded(NamedTuple):
    """The content of plan.parquet: the plan, the files in its order, and the source images shown.

    `content` has each source image's `smallset.data.content_of` once, in ascending order.
    """

    plan: Plan
    files: tuple[ImageFile, ...]
    content: Int64[np.ndarray, " k"]


def read_plan(folder: Path, manifest: Manifest, *, trust: bool = False) -> Recorded:
    """Read plan.parquet of the set in `folder`. With `trust` its hash is not compared.

    Raises ValueError if the file is missing, contradicts itself, or does not have the hash that the
    manifest says.
    """
    path = folder / PLAN
    if not path.is_file():
        raise _damaged(path, "is missing")
    content = path.read_bytes()
    if not trust and hashlib.sha256(content).hexdigest() != manifest.plan_sha256:
        raise _damaged(path, "was changed: its sha256 is not the one in the manifest")
    try:
        # `read_table` is not used: threads of pyarrow.dataset may abort a process that is ending.
        table = pq.ParquetFile(io.BytesIO(content)).read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())  # some messages have line breaks
        raise _damaged(path, f"is not a parquet file that can be read ({reason})") from error
    if fault := _fault(table, manifest.canvas, sheets=manifest.sheet is not None):
        raise _damaged(path, fault)
    shown = np.unique(table["source_content"].drop_null().to_numpy())
    return Recorded(_plan(table, manifest), _files(table), shown)


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(f"'{path}' {why}. Restore it, or make the set again.")


def valid_text(text: str) -> str:
    """Return a file name that parquet can hold: bytes that are not valid UTF-8 are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _tiles(table: "pa.Table") -> int:
    return int(table["tile"].to_numpy().max(initial=-1)) + 1


def _fault(table: "pa.Table", size: int, *, sheets: bool) -> str | None:
    """Describe the first contradiction in a table, None if there is none."""
    if not table.schema.equals(_schema()):
        return (
            f"has other columns than a plan: {', '.join(table.column_names) or 'none'}. "
            f"It needs {', '.join(_schema().names)}"
        )
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
    # A sheet ends with a block of the codec, not with a tile.
    reach = size - CODEC_BLOCK + 1 if sheets else size
    if max(int(right.max()), int(bottom.max())) < reach:
        return f"has no tile at the right or lower edge of its canvases of {size} x {size} pixels"
    return None


def _boxes(table: "pa.Table", name: str) -> np.ndarray:
    flat = table[name].combine_chunks().flatten().to_numpy()
    return np.array(flat, dtype=np.int32).reshape(-1, _tiles(table), 4)


def _plan(table: "pa.Table", manifest: Manifest) -> Plan:
    tiles, nearest = _tiles(table), table.schema.metadata[b"resample"] == b"nearest"
    return Plan(
        size=manifest.canvas,
        resample="nearest" if nearest else "antialias",
        source=np.array(table["source"].fill_null(-1), dtype=np.int64).reshape(-1, tiles),
        source_box=_boxes(table, "source_box"),
        tile_box=_boxes(table, "tile_box"),
        label=np.array(table["label"], dtype=np.int64)[::tiles].copy(),
        image_size=None if manifest.sheet is None else manifest.size,
    )


def _files(table: "pa.Table") -> tuple[ImageFile, ...]:
    firsts = table.take(np.arange(0, len(table), _tiles(table)))
    columns = (firsts[name].to_pylist() for name in ("file", "sha256", "file_bytes"))
    return tuple(ImageFile(*row) for row in zip(*columns, strict=True))


@cache
def _schema() -> "pa.Schema":
    """Return the columns of the table, which has one row per tile."""
    # `source` is the position among the training images and `source_row` the row in the source's
    # own order. They differ if bad files or held-out images were left out. `source_content` is the
    # `content_of` of the source image, and shows whether a set holds an image under any name.
    text, number, box = pa.string(), pa.int64(), pa.list_(pa.int32(), 4)
    types = {
        "file": text, "sha256": text, "file_bytes": number, "label": number, "tile": pa.int32(),
        "source": number, "source_row": number, "source_id": text, "source_content": number,
        "source_box": box, "tile_box": box,
    }  # fmt: skip
    empty = ("source", "source_row", "source_id", "source_content")  # null in an empty tile
    return pa.schema([pa.field(name, of, name in empty) for name, of in types.items()])
