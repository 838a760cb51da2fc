"""Export a set as class folders, as parquet for the Hub, or as tar shards."""

import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from smallset.exchange.cards import CARDS, image_ending, shown
from smallset.files import replacing, whole_folder, write_file, writing
from smallset.lazy import pa, pq
from smallset.records import Progress
from smallset.spec import nearest
from smallset.store import Codec, CompressedDataset
from smallset.store.agreement import TRAIN
from smallset.store.card import CARD
from smallset.store.manifest import MANIFEST
from smallset.store.plan_table import PLAN, class_ranks

Told = Callable[[int], None]
"""A callback that gets the number of image files done so far."""

PROVENANCE = ("source_row", "source_id", "source_box", "tile_box")
"""The columns of plan.parquet with the source and the boxes of each tile."""

SHARD_BYTES = 500_000_000
"""The most bytes of images in a shard, as on the Hub. A single larger image may exceed it."""

# The rows of a parquet group, as on the Hub, whose viewer and streams read a group at a time.
_GROUP = 100
PNG = Codec("png")
CLASSES = "classes.json"


def export_set(
    made: CompressedDataset, out: Path, *, to: str, progress: Progress | None = None
) -> None:
    """Write `made` to the new folder `out` in the format `to`, one of FORMATS.

    The export also has a card (README.md). Every format except images also has manifest.json, and
    plan.parquet with the source and boxes of every tile. Equal sets give equal bytes (parquet:
    under the same pyarrow). Raises ValueError for an unknown format, an `out` inside the set or a
    set that was changed. Raises OSError if `out` exists or cannot be written.
    """
    if to not in FORMATS:
        raise ValueError(f"there is no export format {to!r}. {nearest(to, FORMATS)}")
    if made.path.resolve() in out.resolve().parents:
        raise ValueError(
            f"'{out}' lies inside the set '{made.path}', whose files are fixed. Needed a folder "
            "outside the set. Choose another OUT."
        )

    def told(done: int) -> None:
        if progress is not None:
            progress("export", done, len(made.files))

    with whole_folder(out) as partial:
        plan = (made.path / PLAN).read_bytes()
        with writing(out):
            FORMATS[to](made, partial, told)
            write_file(partial / CARD, CARDS[to](made).encode())
            if FORMATS[to] is not write_images:  # whose files are not those of the plan
                write_file(partial / PLAN, plan)
                write_file(partial / MANIFEST, made.manifest.to_json().encode())


def write_folders(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Copy the images to train/<class>/<file>, the layout of ImageFolder that most readers know."""
    _make_folders(made, folder)
    for row, file in enumerate(made.files):
        write_file(folder / TRAIN / file.path, made.rows.read(row))
        told(row + 1)


def write_hub(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Write data/train-*.parquet: image, label, and lists of the tiles' sources and boxes.

    Rows are in the plan's order. `image.path` is the file's path in the set.
    """
    (folder / "data").mkdir()
    schema, where = _schema(made.manifest.classes), provenance(made)
    shards = shard_rows([file.bytes for file in made.files], SHARD_BYTES)
    for number, shard in enumerate(shards):
        path = folder / "data" / f"train-{number:05d}-of-{len(shards):05d}.parquet"
        with (
            replacing(path) as file,
            pq.ParquetWriter(file, schema, compression="snappy") as writer,
        ):
            for start in range(shard.start, shard.stop, _GROUP):
                group = range(start, min(start + _GROUP, shard.stop))
                writer.write_table(_table(made, group, schema, where))
                told(group.stop)


def write_tars(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Write train-*.tar and classes.json (the names in index order).

    The first images of all classes come first, then the second ones, and so on. A stream shuffled
    in a small buffer therefore mixes classes. The tar records no time and no owner, so that equal
    sets give equal bytes.
    """
    classes, label = {"names": list(made.manifest.classes)}, made.plan.label
    write_file(folder / CLASSES, (json.dumps(classes, indent=1) + "\n").encode())
    order = [int(row) for row in np.lexsort((label, class_ranks(label)))]
    where, ending = provenance(made).to_pylist(), image_ending(made.files)
    shards = shard_rows([made.files[row].bytes for row in order], SHARD_BYTES)
    for number, shard in enumerate(shards):
        with (
            replacing(folder / f"train-{number:06d}.tar") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for position in shard:
                row = order[position]
                facts = {**where[row], "file": made.files[row].path, "label": int(label[row])}
                key = f"{position:08d}"
                _add(tar, f"{key}.{ending}", made.rows.read(row))
                _add(tar, f"{key}.cls", str(label[row]).encode())
                _add(tar, f"{key}.json", json.dumps(facts, sort_keys=True).encode())
                told(position + 1)


def write_images(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Write each tile as a PNG of its own, which keeps its decoded pixels exactly.

    The files are train/<class>/<file>-<tile>.png, and sort in order of choice. The name has no tile
    number if files have one tile each.
    """
    plan, codec, rows = made.plan, Codec.parse(made.manifest.codec), made.rows
    tiles, images = plan.source.shape[1], shown(plan)
    one = tiles == 1 and plan.image_size is None  # of any size if the codec is original
    digits = len(str(tiles - 1))
    _make_folders(made, folder)
    for row, file in enumerate(made.files):
        pixels = codec.decode(rows.read(row))
        stem = file.path.rpartition(".")[0]
        for tile in np.flatnonzero(images[row]).tolist():
            left, top, right, bottom = plan.tile_box[row, tile]
            image = pixels if one else pixels[top:bottom, left:right]
            name = f"{stem}.png" if tiles == 1 else f"{stem}-{tile:0{digits}d}.png"
            write_file(folder / TRAIN / name, PNG.encode(np.ascontiguousarray(image)))
        told(row + 1)


FORMATS: dict[str, Callable[[CompressedDataset, Path, Told], None]] = {
    "webdataset": write_tars,
    "hub": write_hub,
    "imagefolder": write_folders,
    "images": write_images,
}


def _make_folders(made: CompressedDataset, folder: Path) -> None:
    for name in {file.path.partition("/")[0] for file in made.files}:
        (folder / TRAIN / name).mkdir(parents=True)


def shard_rows(sizes: Sequence[int], limit: int) -> list[range]:
    """Cut rows of `sizes` bytes into runs of at most `limit` bytes. A larger row is its own run."""
    shards, start, held = [], 0, 0
    for row, size in enumerate(sizes):
        if held and held + size > limit:
            shards.append(range(start, row))
            start, held = row, 0
        held += size
    return [*shards, range(start, len(sizes))]


def provenance(made: CompressedDataset) -> "pa.Table":
    """Return the columns of PROVENANCE with a row for each file: lists of its tiles' values.

    An empty tile has null as its row and id.
    """
    table = pq.ParquetFile(made.path / PLAN).read(columns=list(PROVENANCE), use_threads=False)
    ends = np.arange(0, len(table) + 1, made.plan.source.shape[1], dtype=np.int32)
    columns = (pa.ListArray.from_arrays(ends, of.combine_chunks()) for of in table.columns)
    return pa.table([*columns], names=table.column_names)


def _table(
    made: CompressedDataset, rows: range, schema: "pa.Schema", where: "pa.Table"
) -> "pa.Table":
    columns = {
        "image": [{"bytes": made.rows.read(row), "path": made.files[row].path} for row in rows],
        "label": made.plan.label[rows.start : rows.stop].tolist(),
        **where.slice(rows.start, len(rows)).to_pydict(),
    }
    return pa.table(columns, schema=schema)


def _schema(classes: Sequence[str]) -> "pa.Schema":
    """Return the columns, with their `datasets.Features.to_dict` as metadata."""
    whole, text = ({"dtype": kind, "_type": "Value"} for kind in ("int64", "string"))
    box = {"feature": {"dtype": "int32", "_type": "Value"}, "length": 4, "_type": "Sequence"}
    lists = {"source_row": whole, "source_id": text, "source_box": box, "tile_box": box}
    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(classes), "_type": "ClassLabel"},
        **{name: {"feature": of, "_type": "Sequence"} for name, of in lists.items()},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    boxes = pa.list_(pa.int32(), 4)
    types = {
        "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        "label": pa.int64(),
        "source_row": pa.list_(pa.int64()),
        "source_id": pa.list_(pa.string()),
        "source_box": pa.list_(boxes),
        "tile_box": pa.list_(boxes),
    }
    return pa.schema(list(types.items()), metadata=metadata)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)  # no time, owner 0, mode 0644
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
