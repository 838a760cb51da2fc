"""Where data and teachers lie."""

from pathlib import Path

from smallset.bench.sources import Places
from smallset.spec import read


def test_data_folder_in_a_teachers_spec_may_have_any_name(tmp_path):
    folder = tmp_path / "my data (new), 2"
    folder.mkdir()
    places = Places.parse([str(folder)])
    filled = places.fill("resnet20(weights={data}/w/r.th, shortcut=a, classes='{data}/c.json')")
    options = read(filled).options
    assert options["weights"] == f"{folder}/w/r.th"
    assert options["classes"] == f"{folder}/c.json"
    assert places.fill("{data}/teachers/own") == f"{folder}/teachers/own"
    assert places.fill("train(model=resnet8)") == "train(model=resnet8)"


def test_named_data_comes_before_the_folder_and_the_embedded_before_none(tmp_path):
    (tmp_path / "toy").mkdir()
    places = Places.parse([str(tmp_path), "toy=other/place"])
    assert places == Places(tmp_path, {"toy": "other/place"})
    assert places.find("toy") == "other/place"
    assert places.find("digits") == "digits"
    assert places.find("hf:a/b") == "hf:a/b"
    assert Places(tmp_path, {}).find("toy") == str(Path(tmp_path / "toy"))
