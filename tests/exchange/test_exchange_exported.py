"""An exported set, read back as the set that it is."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from set_toy import NUMBERED

from smallset.desk import Desk
from smallset.exchange.export import export_set
from smallset.exchange.exported import is_ours, open_made
from smallset.exchange.foreign import read_foreign
from smallset.records import Classes

SHARD = "data/train-00000-of-00001.parquet"
READ = ("hub", "imagefolder")


@pytest.fixture(autouse=True)
def work(tmp_path):
    (tmp_path / "work").mkdir()


@pytest.mark.parametrize("to", READ)
@pytest.mark.parametrize("codec", ["png", "jpeg:90", "webp:90"])
def test_an_export_is_the_same_set(make, tmp_path, to, codec):
    made = make(codec)
    export_set(made, tmp_path / "out", to=to)
    again = open_made(tmp_path / "out", work=tmp_path / "work")
    assert again.manifest == made.manifest
    assert again.manifest.digest == made.manifest.digest
    assert again.files == made.files
    assert np.array_equal(again.labels, made.labels)
    assert np.array_equal(again.tile_box, made.tile_box)
    assert np.array_equal(again.images(workers=1), made.images(workers=1))


def test_a_set_as_it_was_made_is_opened_too(make, tmp_path):
    made = make()
    for given in (made.path, str(made.path)):
        again = open_made(given, work=tmp_path / "work")
        assert (again.path, again.manifest, again.files) == (made.path, made.manifest, made.files)


def test_a_webdataset_export_is_an_error_that_names_the_other_ways(make, tmp_path):
    export_set(make(), tmp_path / "out", to="webdataset")
    with pytest.raises(
        ValueError, match=r"out' is an export for webdataset, which can only be str"
    ):
        open_made(tmp_path / "out", work=tmp_path / "work")


@pytest.mark.parametrize("to", READ)
def test_an_edited_plan_or_manifest_is_an_error(make, tmp_path, to):
    export_set(make(), tmp_path / "out", to=to)
    plan = tmp_path / "out" / "plan.parquet"
    plan.write_bytes(plan.read_bytes() + b" ")
    with pytest.raises(ValueError, match="its sha256 is not the one in the manifest"):
        open_made(tmp_path / "out", work=tmp_path / "work")
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("patch", "canvas"))
    with pytest.raises(ValueError, match="its content does not match its digest"):
        open_made(tmp_path / "out", work=tmp_path / "work")


def test_image_folders_that_lost_or_gained_a_file_are_an_error(make, tmp_path):
    export_set(make(), tmp_path / "out", to="imagefolder")
    more = tmp_path / "out" / "train" / "0_cow" / "more.png"
    more.touch()
    with pytest.raises(ValueError, match=r"has the additional file '0_cow/more.png'\. Restore it"):
        open_made(tmp_path / "out", work=tmp_path / "work")
    more.unlink()
    (more.parent / "00001.png").unlink()
    with pytest.raises(ValueError, match=r"lacks file '0_cow/00001.png'\. Restore it, or export"):
        open_made(tmp_path / "out", work=tmp_path / "work")


def test_an_image_changed_in_an_export_is_an_error(make, tmp_path):
    made = make()
    for to in READ:
        export_set(made, tmp_path / to, to=to)
    (tmp_path / "imagefolder" / "train" / "0_cow" / "00001.png").write_bytes(b"x")
    with pytest.raises(
        ValueError,
        match=r"00001\.png' of the set '.*' was changed .* make or export the set again\.",
    ):
        open_made(tmp_path / "imagefolder", work=tmp_path).images(workers=1)
    _rewrite(tmp_path / "hub" / SHARD, "image", lambda rows: rows[2:4] + rows[:2] + rows[4:])
    with pytest.raises(
        ValueError, match=r"'0_cow/00000.png' of the set '.*' was changed after it was"
    ):
        open_made(tmp_path / "hub", work=tmp_path / "work").images(workers=1)


def test_parquet_with_other_labels_or_rows_is_an_error(make, tmp_path):
    made = make()
    for number, change in enumerate([lambda rows: rows[::-1], lambda rows: rows[:-1]]):
        out = tmp_path / f"out{number}"
        export_set(made, out, to="hub")
        _rewrite(out / SHARD, "label", change)
        with pytest.raises(ValueError, match=r"rows of 3 classes, which are not the 6 images of 3"):
            open_made(out, work=tmp_path / "work")


def test_an_export_that_lost_its_records_is_not_taken_for_a_foreign_set(make, tmp_path):
    export_set(make(), tmp_path / "out", to="hub")
    (tmp_path / "out" / "manifest.json").unlink()
    assert is_ours(tmp_path / "out")
    with pytest.raises(ValueError, match=r"smallset wrote, but lacks manifest.json\. Needed"):
        open_made(tmp_path / "out", work=tmp_path / "work")
    (tmp_path / "out" / "plan.parquet").unlink()
    assert is_ours(tmp_path / "out")
    with pytest.raises(
        ValueError, match=r"lacks manifest.json and plan.parquet\. Needed the whole"
    ):
        open_made(tmp_path / "out", work=tmp_path / "work")
    (tmp_path / "out" / "README.md").unlink()
    assert not is_ours(tmp_path / "out")
    zoo, desk = Classes(NUMBERED), Desk(tmp_path / "work", workers=1)
    with pytest.raises(
        ValueError, match=r"has the column 'tile_box' of an export by smallset, but"
    ):
        read_foreign(tmp_path / "out", zoo, desk, data="zoo")


def test_only_a_folder_with_records_is_ours(make, tmp_path):
    made = make()
    assert is_ours(made.path)
    assert is_ours(str(made.path))
    assert not is_ours("hf:owner/name")
    shutil.rmtree(made.path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        is_ours(made.path)


def _rewrite(path, column, change) -> None:
    """Write a parquet file again with a changed column, other columns cut to its length."""
    table = pq.read_table(path)
    values = change(table[column].to_pylist())
    table = table.slice(0, len(values))
    index = table.schema.get_field_index(column)
    kind = table.schema.field(column)
    changed = table.set_column(index, kind, pa.array(values, kind.type))
    pq.write_table(changed, path)
