import json
import tarfile

import numpy as np
import pytest

from smallset.exchange import export
from smallset.exchange.export import export_set


@pytest.fixture
def made(make):
    return make("jpeg:90")


@pytest.fixture
def out(made, tmp_path):
    export_set(made, tmp_path / "out", to="webdataset")
    return tmp_path / "out"


def test_samples_hold_the_file_s_bytes_its_label_and_its_tiles(made, out):
    by_path = {file.path: row for row, file in enumerate(made.files)}
    with tarfile.open(out / "train-000000.tar") as tar:
        content = {entry.name: tar.extractfile(entry).read() for entry in tar}
    assert len(content) == 3 * len(made)
    for key in sorted({name.partition(".")[0] for name in content}):
        facts = json.loads(content[f"{key}.json"])
        row = by_path.pop(facts["file"])
        assert content[f"{key}.jpg"] == (made.path / facts["file"]).read_bytes()
        assert int(content[f"{key}.cls"]) == facts["label"] == made.labels[row]
        assert np.array_equal(facts["tile_box"], made.tile_box[row])
        assert np.array_equal(facts["source_box"], made.plan.source_box[row])
        assert facts["source_row"] == made.plan.source[row].tolist()
    assert not by_path
    assert json.loads((out / "classes.json").read_text()) == {"names": ["cow", "b/e e", "ape"]}


def test_the_first_images_of_all_classes_come_first(out):
    with tarfile.open(out / "train-000000.tar") as tar:
        labels = [int(tar.extractfile(e).read()) for e in tar if e.name.endswith(".cls")]
        files = [json.load(tar.extractfile(e))["file"] for e in tar if e.name.endswith(".json")]
    assert labels == [0, 1, 2, 0, 1, 2]
    assert [name.rpartition("/")[2] for name in files] == ["00000.jpg"] * 3 + ["00001.jpg"] * 3


def test_the_tar_holds_no_time_and_no_owner(out):
    with tarfile.open(out / "train-000000.tar") as tar:
        for entry in tar:
            facts = (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode)
            assert facts == (0, 0, 0, "", "", 0o644)


def test_many_bytes_make_many_shards_and_no_sample_is_split(made, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "SHARD_BYTES", 700)
    export_set(made, tmp_path / "out", to="webdataset")
    keys = []
    shards = sorted((tmp_path / "out").glob("train-*.tar"))
    for shard in shards:
        with tarfile.open(shard) as tar:
            names = tar.getnames()
        assert len(names) % 3 == 0
        keys += [name.partition(".")[0] for name in names[::3]]
    assert len(shards) > 1
    assert keys == [f"{position:08d}" for position in range(len(made))]
