import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from set_toy import make_plan, write

from smallset.store.images import ImageFile
from smallset.store.plan_table import PLAN, class_ranks, plan_bytes, read_plan


@pytest.fixture
def made(tmp_path, dataset):
    plan = make_plan(ipc=2, factor=2)
    plan.source[5, 3] = -1
    return write(plan, dataset, tmp_path / "out")


def table_of(content: bytes) -> pa.Table:
    return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)


def test_a_plan_comes_back_equal(made):
    plan = make_plan(ipc=2, factor=2)
    plan.source[5, 3] = -1
    assert (made.plan.size, made.plan.resample) == (plan.size, plan.resample)
    for name in ("source", "source_box", "tile_box", "label"):
        got, want = getattr(made.plan, name), getattr(plan, name)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def test_every_tile_names_its_file_its_hash_and_its_source(made, dataset):
    rows = table_of((made.path / PLAN).read_bytes()).to_pylist()
    assert len(rows) == 6 * 4
    for i, row in enumerate(rows):
        content = (made.path / row["file"]).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert row["file_bytes"] == len(content)
        assert (row["label"], row["tile"]) == (i // 8, i % 4)
    assert rows[5]["source_id"] == dataset.id(rows[5]["source"])
    assert rows[5]["source_box"] == [0, 0, 6, 6]
    assert rows[5]["tile_box"] == [3, 0, 6, 3]
    empty = rows[23]
    assert [empty[k] for k in ("source", "source_row", "source_id")] == [None] * 3


def test_source_row_is_the_row_in_the_sources_own_order(tmp_path, plan, dataset):
    object.__setattr__(dataset, "rows", np.arange(12)[::-1].copy())
    made = write(plan, dataset, tmp_path / "out")
    table = table_of((made.path / PLAN).read_bytes())
    np.testing.assert_array_equal(table["source_row"], 11 - plan.source[:, 0])


def test_the_same_plan_gives_the_same_bytes(plan, dataset):
    files = [ImageFile(f"a/{i}.png", "0" * 64, i) for i in range(6)]
    assert plan_bytes(plan, files, dataset) == plan_bytes(plan, files, dataset)


def test_a_name_that_is_not_unicode_shows_its_bytes(plan, dataset):
    object.__setattr__(dataset.origin, "names", ("\udcff.png",) * 12)
    files = [ImageFile(f"a/{i}.png", "0" * 64, i) for i in range(6)]
    table = table_of(plan_bytes(plan, files, dataset))
    assert table["source_id"][0].as_py() == r"\udcff.png"


def refused(made, message: str) -> str:
    with pytest.raises(ValueError, match=message) as caught:
        read_plan(made.path, made.manifest, trust=True)
    return str(caught.value)


def test_a_missing_plan_is_named(made):
    (made.path / PLAN).unlink()
    refused(made, r"plan\.parquet' is missing\. Restore it, or make")


def test_a_changed_plan_is_found_by_its_hash(made):
    changed = replace(made.manifest, plan_sha256="0" * 64)
    with pytest.raises(ValueError, match=r"was changed: its sha256 is not the one in the manifest"):
        read_plan(made.path, changed)


@pytest.mark.parametrize("content", [b"", b"PAR1 nonsense PAR1"])
def test_a_plan_that_is_no_parquet_is_an_error(made, content):
    (made.path / PLAN).write_bytes(content)
    refused(made, r"is not a parquet file that can be read .* Restore it")


def test_other_columns_are_named(made):
    pq.write_table(pa.table({"x": [1]}), made.path / PLAN)
    refused(made, r"other columns than a plan: x\. It needs file, sha256")


@pytest.mark.parametrize(
    ("name", "row", "value", "message"),
    [
        ("tile", 3, 2, "does not hold the same number of tiles for every file"),
        ("tile", 23, 4, "does not hold the same number of tiles"),
        ("tile", slice(0, 24), -1, "does not hold the same number of tiles"),
        ("sha256", 1, "x", "gives one file several values of 'sha256'"),
        ("label", 4, 2, "gives one file several values of 'label'"),
        ("file", slice(4, 8), "ape/00000.png", "names a file twice"),
        ("tile_box", 0, [0, 0, 3, 7], "has a tile outside its canvas of 6 x 6 pixels"),
        ("tile_box", 0, [3, 0, 3, 3], "has a tile outside its canvas"),
    ],
)
def test_a_plan_that_contradicts_itself_is_an_error(made, name, row, value, message):
    table = table_of((made.path / PLAN).read_bytes())
    values = table[name].to_pylist()
    at = range(*row.indices(len(values))) if isinstance(row, slice) else [row]
    for i in at:
        values[i] = value
    field = table.schema.field(name)
    column = pa.array(values, field.type)
    table = table.set_column(table.schema.get_field_index(name), field, column)
    pq.write_table(table, made.path / PLAN)
    refused(made, message)


def test_tiles_that_do_not_fill_their_canvas_are_an_error(made):
    """A size that only the manifest says could ask for any amount of memory."""
    large = replace(made, manifest=replace(made.manifest, size=1_000_000))
    refused(large, r"has no tile at the right or lower edge of its canvases")


def test_a_reason_of_several_lines_is_said_in_one(made):
    content = (made.path / PLAN).read_bytes()
    (made.path / PLAN).write_bytes(content[:-200] + bytes(192) + content[-8:])
    assert "\n" not in refused(made, r"is not a parquet file that can be read")


def test_a_plan_without_tiles_is_an_error(made):
    pq.write_table(table_of((made.path / PLAN).read_bytes()).slice(0, 0), made.path / PLAN)
    refused(made, "does not hold the same number of tiles")


def test_a_plan_that_does_not_say_its_resampling_is_an_error(made):
    table = table_of((made.path / PLAN).read_bytes())
    pq.write_table(table.replace_schema_metadata({"resample": "lanczos"}), made.path / PLAN)
    refused(made, "does not say how its tiles were resampled")


def test_a_process_that_read_a_plan_has_started_no_threads_of_pyarrow_dataset(made):
    # They abort some processes as these end (return code 134).
    code = (
        "import sys; from pathlib import Path; from smallset.store import open_set; "
        "assert len(open_set(Path(sys.argv[1]))) == 6; assert 'pyarrow.dataset' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(made.path)]
    assert subprocess.run(command, stderr=subprocess.PIPE, check=True).stderr == b""


def test_ranks_count_within_each_class():
    assert class_ranks(np.array([2, 0, 2, 2, 0])).tolist() == [0, 0, 1, 2, 1]
