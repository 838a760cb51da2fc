"""Where data and teachers lie."""

import shutil
from pathlib import Path

import pytest
from bench_toy import coloured
from PIL import Image

from smallset.bench.sources import Places, open_source
from smallset.data import Folder, folder_named
from smallset.desk import Desk
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


def test_the_parts_of_a_folder_are_named_in_its_spec_which_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = Places.parse(["toy=folder(seg, train=seg_train/x, test=seg_test/x)"])
    assert folder_named(places.find("toy")) == Folder(
        str(tmp_path / "seg"), "seg_train/x", "seg_test/x"
    )


def test_leaks_are_left_out_of_an_opened_data_set_when_asked(tmp_path):
    toy = coloured(tmp_path / "toy")
    shutil.copy(toy / "test/ape/00.png", toy / "train/ape/copy.png")
    places = Places.parse([f"toy={toy}"])
    opened = open_source("toy", places, Desk(tmp_path / "work"))
    assert opened.class_counts == (9, 8, 8)
    clean = open_source("toy", places, Desk(tmp_path / "work", drop_leaks=True))
    assert clean.class_counts == (8, 8, 8)


@pytest.mark.parametrize(("sides", "own"), [((8, 8), 8), ((8, 9), 224)])
def test_images_of_one_side_have_it_and_others_224(sides, own, tmp_path):
    for number, side in enumerate(sides):
        for split in ("train", "test"):
            folder = tmp_path / split / "ape"
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (side, side)).save(folder / f"{number}.png")
            other = tmp_path / split / "bee"
            other.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (side, side), "red").save(other / f"{number}.png")
    source = open_source("toy", Places(None, {"toy": str(tmp_path)}), Desk(tmp_path / "work"))
    assert source.size(None) == own
    assert source.size(32) == 32
