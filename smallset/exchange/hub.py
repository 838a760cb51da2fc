"""The Hugging Face Hub's layout: parquet shards whose schema names the classes."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from smallset.exchange.copies import PROVENANCE, Told, encoded, provenance
from smallset.store.read import CompressedDataset

SHARD_BYTES = 500_000_000
"""About how many bytes of images a shard takes, as the Hub does."""

# As many as the Hub's own: its viewer and streaming readers take a group at a time.
_GROUP = 100
_BOX = pa.list_(pa.int32(), 4)
_TYPES = {
    "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    "label": pa.int64(),
    "source_row": pa.list_(pa.int64()),
    "source_id": pa.list_(pa.string()),
    "source_box": pa.list_(_BOX),
    "tile_box": pa.list_(_BOX),
}


def write_hub(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Write data/train-*.parquet: image, label, and lists of the tiles' sources and boxes.

    Rows stand in the plan's order; `image.path` is the file's path in the set.
    """
    (folder / "data").mkdir()
    schema, where = _schema(made.manifest.classes), provenance(made)
    shards = shard_rows([file.bytes for file in made.files], SHARD_BYTES)
    for number, shard in enumerate(shards):
        path = folder / "data" / f"train-{number:05d}-of-{len(shards):05d}.parquet"
        with path.open("xb") as file:
            with pq.ParquetWriter(file, schema, compression="snappy") as writer:
                for group in _groups(shard):
                    writer.write_table(_table(made, group, schema, where))
                    told(group.stop)
            file.flush()
            os.fsync(file.fileno())


def shard_rows(sizes: Sequence[int], limit: int) -> list[range]:
    """Cut rows of `sizes` bytes into runs of at most about `limit` bytes, of one row at least."""
    shards, start, held = [], 0, 0
    for row, size in enumerate(sizes):
        if held and held + size > limit:
            shards.append(range(start, row))
            start, held = row, 0
        held += size
    return [*shards, range(start, len(sizes))]


def _groups(shard: range) -> Iterator[range]:
    for start in range(shard.start, shard.stop, _GROUP):
        yield range(start, min(start + _GROUP, shard.stop))


def _table(
    made: CompressedDataset,
    rows: range,
    schema: pa.Schema,
    where: dict[str, list[list[object]]],
) -> pa.Table:
    images = [{"bytes": encoded(made, row), "path": made.files[row].path} for row in rows]
    columns = {
        "image": images,
        "label": made.labels[rows.start : rows.stop].tolist(),
        **{name: where[name][rows.start : rows.stop] for name in PROVENANCE},
    }
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _schema(classes: Sequence[str]) -> pa.Schema:
    """The columns, and in the metadata what `datasets` makes of them (`Features.to_dict`)."""
    whole, text = ({"dtype": kind, "_type": "Value"} for kind in ("int64", "string"))
    box = {"feature": {"dtype": "int32", "_type": "Value"}, "length": 4, "_type": "Sequence"}
    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(classes), "_type": "ClassLabel"},
        "source_row": {"feature": whole, "_type": "Sequence"},
        "source_id": {"feature": text, "_type": "Sequence"},
        "source_box": {"feature": box, "_type": "Sequence"},
        "tile_box": {"feature": box, "_type": "Sequence"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(list(_TYPES.items()), metadata=metadata)
