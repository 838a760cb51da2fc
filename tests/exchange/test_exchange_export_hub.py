import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from set_toy import NUMBERED, make_dataset, make_plan, write

from smallset.desk import Desk
from smallset.exchange import export
from smallset.exchange.export import export_set, shard_rows
from smallset.exchange.set_data import open_any


@pytest.fixture
def make_out(make, tmp_path):
    def make_out(**changes):
        made = make(**changes)
        export_set(made, tmp_path / "out", to="hub")
        return made, tmp_path / "out"

    return make_out


def test_datasets_reads_the_folder_with_the_same_classes_pixels_and_boxes(make_out, tmp_path):
    made, out = make_out()
    read = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
    assert read.features["label"].names == list(NUMBERED)
    assert read["label"] == made.labels.tolist()
    pixels = np.stack([np.asarray(image) for image in read["image"]])
    assert np.array_equal(pixels, made.images(workers=1))
    assert np.array_equal(read["tile_box"], made.tile_box)
    assert np.array_equal(read["source_box"], made.plan.source_box)
    assert read["source_id"][0] == ["cow/0.png", "cow/1.png", "cow/2.png", "cow/3.png"]
    assert read["source_row"][5] == made.plan.source[5].tolist()


@pytest.mark.parametrize("codec", ["png", "jpeg:90", "webp:90"])
def test_image_bytes_are_those_of_the_files(make_out, codec):
    made, out = make_out(codec=codec, factor=1)
    table = pq.read_table(out / "data" / "train-00000-of-00001.parquet")
    for row, image in enumerate(table["image"].to_pylist()):
        assert image["path"] == made.files[row].path
        assert image["bytes"] == (made.path / image["path"]).read_bytes()


def test_our_own_reader_takes_it_for_data(make_out, tmp_path):
    made, out = make_out(ipc=4, factor=1)
    data = open_any(out, Desk(tmp_path / "work"))
    assert data.train.classes.names == NUMBERED
    assert data.train.labels.tolist() == made.labels.tolist()
    assert data.fingerprint == made.digest
    assert np.array_equal(data.train.pixels(2), made.images(workers=1)[2])
    (out / "manifest.json").unlink()
    (out / "plan.parquet").unlink()
    (out / "README.md").unlink()
    with pytest.raises(ValueError, match="'tile_box' of an export by smallset, but not the manif"):
        open_any(out, Desk(tmp_path / "work"))


def test_empty_tiles_have_no_source(tmp_path):
    plan = make_plan(factor=2)
    plan.source[:, 1] = -1
    made = write(plan, make_dataset(), tmp_path / "set")
    export_set(made, tmp_path / "out", to="hub")
    table = pq.read_table(tmp_path / "out" / "data" / "train-00000-of-00001.parquet")
    assert [ids[1] for ids in table["source_id"].to_pylist()] == [None] * 6
    assert table["source_row"].to_pylist()[0] == [0, None, 2, 3]


def test_many_bytes_make_many_shards_in_order(make_out, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "SHARD_BYTES", 250)
    made, out = make_out(factor=1)
    shards = sorted((out / "data").iterdir())
    assert len(shards) > 1
    assert shards[-1].name == f"train-{len(shards) - 1:05d}-of-{len(shards):05d}.parquet"
    paths = [
        image["path"] for shard in shards for image in pq.read_table(shard)["image"].to_pylist()
    ]
    assert paths == [file.path for file in made.files]


def test_rows_are_cut_where_the_limit_is_reached():
    assert shard_rows([4, 4, 4], 8) == [range(0, 2), range(2, 3)]
    assert shard_rows([9, 1, 9], 8) == [range(0, 1), range(1, 2), range(2, 3)]
    assert shard_rows([1, 1], 8) == [range(0, 2)]
