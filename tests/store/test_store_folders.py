import os
from pathlib import Path

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallset.records import Classes
from smallset.store import Codec, class_folders, open_set, verify, write

ODD = {
    "slashes": ("a/b", "a\\b", "../up", "/"),
    "spaces": (" lead", "trail ", "in side", ""),
    "unicode": ("猫", "café", "cafe\u0301", "🦊 fox"),
    "case twins": ("Cat", "cat", "CAT"),
    "split words": ("train", "test", "bus", "validation set", "dev"),
    "hidden": (".git", "__pycache__", "dog"),
    "ours": ("README.md", "manifest.json", "plan.parquet"),
    "globs": ("[a]", "a*b", "{x,y}", "100%", "#1", "a=b", "x?y"),
    "windows": ("con", "nul.txt", "a:b", "end."),
    "long": ("x" * 300, "y" * 300, "猫" * 99),
    "not in order": ("truck", "airplane", "ship"),
    "numbers": tuple(str(i) for i in range(12)),
    "line breaks": ("a\nb", "c\td", "e\x00f"),
    "not unicode": ("\udcff\udcfe", "ok"),
    "yaml and markdown": ("- a: b", "'q\"", "`|`", "null"),
}


def test_safe_names_in_order_are_the_folders():
    names = ("0", "1", "airplane", "in side", "n01440764", "über")
    assert class_folders(Classes(names)) == names


def test_folders_are_numbered_where_one_will_be_missing():
    assert class_folders(Classes(("ape", "bee")), numbered=True) == ("0_ape", "1_bee")


def test_names_that_sort_otherwise_get_their_index():
    assert class_folders(Classes(("truck", "ape"))) == ("0_truck", "1_ape")
    names = tuple(str(i) for i in range(11))
    assert class_folders(Classes(names))[2] == "02_2"


def test_one_unsafe_name_renames_all_so_that_a_set_looks_of_one_piece():
    assert class_folders(Classes(("a", "b/c"))) == ("0_a", "1_b_c")


def test_a_word_that_datasets_takes_for_a_split_is_written_large():
    assert class_folders(Classes(("bus", "train", "training_set"))) == (
        "0_bus",
        "1_Train",
        "2_Training_set",
    )


def test_case_twins_are_told_apart_by_index():
    assert class_folders(Classes(("CAT", "Cat"))) == ("0_CAT", "1_Cat")


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=130), min_size=1, max_size=12, unique=True))
def test_folders_are_plain_short_unlike_and_sort_in_index_order(names):
    folders = class_folders(Classes(tuple(names)))
    assert list(folders) == sorted(folders)
    assert len({folder.casefold() for folder in folders}) == len(names)
    for folder in folders:
        assert len(os.fsencode(folder)) < 100
        assert not set('/\\:*?"<>|\0\n') & set(folder)
        assert not folder.startswith(".")


@pytest.mark.parametrize("kind", ODD)
def test_odd_class_names_round_trip(tmp_path, make_dataset, make_plan, about, kind):
    names = ODD[kind]
    dataset, plan = make_dataset(names), make_plan(len(names))
    made = write(plan, dataset, tmp_path / "o", codec=Codec("png"), about=about, workers=1)
    assert open_set(made.path).manifest.classes == names
    assert verify(made.path).files == 2 * len(names)
    folders = sorted(path.name for path in made.path.iterdir() if path.is_dir())
    assert folders == list(made.manifest.folders)


@pytest.mark.parametrize("kind", ["safe", *ODD])
def test_datasets_imagefolder_gives_the_same_names_order_and_labels(
    tmp_path, make_dataset, make_plan, about, kind
):
    names = ODD.get(kind, ("ape", "bee", "cow"))
    dataset, plan = make_dataset(names), make_plan(len(names))
    made = write(plan, dataset, tmp_path / "o", codec=Codec("png"), about=about, workers=1)
    for loaded in (
        _load("imagefolder", tmp_path / "cache", data_dir=str(made.path)),
        _load(str(made.path), tmp_path / "cache"),
    ):
        assert loaded.features["label"].names == list(made.manifest.folders)
        assert loaded["label"] == made.labels.tolist()
        np.testing.assert_array_equal([np.asarray(i) for i in loaded["image"]], made.images())


def _load(path: str, cache: Path, data_dir: str | None = None) -> datasets.Dataset:
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(path, data_dir=data_dir, cache_dir=str(cache))
    assert list(loaded) == ["train"]
    return loaded["train"]
