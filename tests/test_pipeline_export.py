from pathlib import Path

import numpy as np
import pytest
from cli_toy import contents, tree

import smallset


@pytest.mark.parametrize("opened", [False, True])
def test_a_set_or_its_folder_is_exported_and_the_folder_given_back(tmp_path, opened):
    tree(tmp_path / "data")
    made = smallset.compress(
        tmp_path / "data", tmp_path / "set", method="random", ipc=1, work=tmp_path / "work"
    )
    given = made if opened else str(tmp_path / "set")
    seen = []
    out = smallset.export(
        given, str(tmp_path / "out"), to="hub", progress=lambda *told: seen.append(told)
    )
    assert out == Path(tmp_path / "out")
    assert seen == [("export", 3, 3)]
    assert "data/train-00000-of-00001.parquet" in contents(out)
    data = smallset.open_set(tmp_path / "set")
    assert np.array_equal(data.labels, made.labels)


@pytest.mark.parametrize("to", ["hub", "imagefolder", "webdataset"])
def test_an_export_is_not_exported_again(tmp_path, to):
    tree(tmp_path / "data")
    made = smallset.compress(
        tmp_path / "data", tmp_path / "set", method="random", ipc=1, work=tmp_path / "work"
    )
    smallset.export(made, tmp_path / "out", to=to)
    with pytest.raises(ValueError, match=f"out' is an export to {to}. Needed the set as it was"):
        smallset.export(tmp_path / "out", tmp_path / "again", to="hub")
    assert not (tmp_path / "again").exists()
