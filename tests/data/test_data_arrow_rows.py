from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from smallset.data.arrow_rows import ArrowRows
from smallset.data.decode import BadImage
from smallset.data.tables import LabelColumn

CONTENT = [b"first", b"", None, b"fourth", b"fifth"]
PATHS = ["a.png", None, "", "ü.png", "e.png"]


def write(path: Path, columns: dict[str, pa.Array], *, rows: int = 2, compression=None) -> Path:
    """Write an Arrow stream file of small batches."""
    table = pa.table(columns)
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return path


def structs(content=CONTENT, paths=PATHS, kind=None) -> pa.Array:
    kind = kind or pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([{"bytes": b, "path": p} for b, p in zip(content, paths, strict=True)], kind)


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("large", [False, True])
def test_rows_of_several_files_are_read_in_place(tmp_path, batch, large):
    wide = pa.struct([("bytes", pa.large_binary()), ("path", pa.large_string())])
    kind = wide if large else None
    files = [
        write(tmp_path / f"{k}.arrow", {"image": structs(kind=kind)}, rows=batch) for k in (0, 1)
    ]
    rows = ArrowRows(files, "image")
    assert len(rows) == 10
    for row in range(10):
        path = PATHS[row % 5]
        assert rows.name(row) == (f"{row:08d}/{path}" if path else f"{row:08d}")
        if CONTENT[row % 5]:
            assert rows.read(row) == CONTENT[row % 5]
        else:
            with pytest.raises(BadImage, match="has no bytes"):
                rows.read(row)


def test_plain_bytes_and_structs_without_paths_are_read_too(tmp_path):
    file = write(tmp_path / "plain.arrow", {"image": pa.array([b"x", b"yz"])})
    rows = ArrowRows([file], "image")
    assert (rows.read(1), rows.name(1)) == (b"yz", "00000001")
    only = pa.array([{"bytes": b"x"}], pa.struct([("bytes", pa.binary())]))
    rows = ArrowRows([write(tmp_path / "only.arrow", {"image": only})], "image")
    assert (rows.read(0), rows.name(0)) == (b"x", "00000000")


def test_a_row_with_a_path_alone_is_read_from_that_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"pixels")
    image = structs([None, None], [str(tmp_path / "a.png"), "gone.png"])
    rows = ArrowRows([write(tmp_path / "paths.arrow", {"image": image})], "image")
    assert rows.read(0) == b"pixels"
    with pytest.raises(BadImage, match="has no bytes"):
        rows.read(1)


def test_a_compressed_file_is_an_error(tmp_path):
    big = structs([bytes(10_000)] * 5)
    file = write(tmp_path / "small.arrow", {"image": big}, compression="zstd")
    with pytest.raises(
        ValueError, match=r"compressed Arrow file; needed an uncompressed.*Delete it"
    ):
        ArrowRows([file], "image")


def test_labels_are_read_as_numbers_with_minus_one_for_missing(tmp_path):
    columns = {
        "image": structs(),
        "label": pa.array([3, None, 0, 1, -1], pa.int8()),
        "flag": pa.array([True, False, None, True, True]),
        "nothing": pa.nulls(5),
        "word": pa.array(list("abcde")),
    }
    rows = ArrowRows([write(tmp_path / "labels.arrow", columns)], "image")
    read = {name: LabelColumn(rows, name, "x") for name in columns}
    assert read["label"].numbers().tolist() == [3, -1, 0, 1, -1]
    assert read["flag"].numbers().tolist() == [1, 0, -1, 1, 1]
    assert read["nothing"].numbers().tolist() == [-1] * 5
    assert read["label"].numbers().dtype == np.int64
    assert [name for name in ("label", "word") if read[name].is_text] == ["word"]
    assert rows.column("word")[3].as_py() == "d"
