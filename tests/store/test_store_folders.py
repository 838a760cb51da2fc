import os

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from set_toy import make_dataset, make_plan, write
from store_toy import ODD, pixels_of

from smallset.records import Classes
from smallset.store import class_folders, folders, open_set, renamed_folders, verify


def test_safe_names_in_order_are_the_folders():
    names = ("0", "1", "airplane", "in side", "n01440764", "über")
    assert class_folders(Classes(names)) == names


def test_folders_are_numbered_where_one_will_be_missing():
    assert class_folders(Classes(("ape", "bee")), numbered=True) == ("0_ape", "1_bee")


def test_names_that_sort_otherwise_get_their_index():
    assert class_folders(Classes(("truck", "ape"))) == ("0_truck", "1_ape")
    names = tuple(str(i) for i in range(11))
    assert class_folders(Classes(names))[2] == "02_2"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((" lead", "dog", "fox"), ("_lead", "dog", "fox")),
        (("a", "b/c", "d"), ("a", "b_c", "d")),
        ((".git", "__pycache__", "dog"), ("_git", "_pycache__", "dog")),
        (("dog", "end.", "fox "), ("dog", "end_", "fox_")),
        (("README.md", "con", "nul.txt"), ("README_md", "con_", "nul_txt")),
        (("beaver", "train", "trout"), ("beaver", "traiN", "trout")),
        (("bus", "test_tube", "val"), ("bus", "tesT_tube", "vaL")),
        (("", "a"), ("_", "a")),
    ],
)
def test_only_unsafe_names_are_changed_if_the_order_stays(names, expected):
    assert class_folders(Classes(names)) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((" lead", "Ape", "dog"), ("0__lead", "1_Ape", "2_dog")),
        (("a*b", "a/b", "c"), ("0_a_b", "1_a_b", "2_c")),
        (("A_b", "a/b"), ("0_A_b", "1_a_b")),
        (("dog/", "dog0"), ("0_dog_", "1_dog0")),
    ],
)
def test_all_names_are_numbered_if_the_changed_ones_break_the_order_or_meet(names, expected):
    assert class_folders(Classes(names)) == expected


def test_a_changed_name_says_so_and_why():
    def said(*names: str, counts: tuple[int, ...] | None = None) -> str | None:
        counts = counts or (1,) * len(names)
        made = class_folders(Classes(names), numbered=0 in counts)
        return renamed_folders(names, made, counts)

    assert said("ape", "bee") is None
    assert said(" lead", "dog") == (
        "1 class folder has another name than its class: ' lead' is in '_lead'; some file systems "
        "or readers do not take such a name"
    )
    assert said("a/b", "dog", "end.") == (
        "2 class folders have other names than their classes: 'a/b' is in 'a_b'; some file systems "
        "or readers do not take such a name"
    )
    assert said("truck", "ape") == (
        "2 class folders have other names than their classes: 'truck' is in '0_truck'; the names "
        "do not sort in the order of the classes, and readers sort, so the folders start with the "
        "index"
    )
    assert said("CAT", "Cat") == (
        "2 class folders have other names than their classes: 'CAT' is in '0_CAT'; some file "
        "systems take two of the names for one folder, so the folders start with the index"
    )
    assert said("ape", "bee", counts=(0, 2)) == (
        "1 class folder has another name than its class: 'bee' is in '1_bee'; a class without an "
        "image has no folder, so the others start with their index"
    )


def test_case_twins_are_told_apart_by_index():
    assert class_folders(Classes(("CAT", "Cat"))) == ("0_CAT", "1_Cat")


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=130), min_size=1, max_size=12, unique=True))
def test_folders_are_plain_short_unlike_and_sort_in_index_order(names):
    made = class_folders(Classes(tuple(names)))
    assert list(made) == sorted(made)
    assert len({folder.casefold() for folder in made}) == len(names)
    for folder in made:
        assert folders._is_safe(folder)
        assert len(os.fsencode(folder)) < 100
        assert not set('/\\:*?"<>|\0\n') & set(folder)
        assert not folder.startswith(".")


@pytest.mark.parametrize("kind", ["safe", *ODD])
def test_any_class_names_come_back_and_datasets_gives_the_same_order_and_labels(tmp_path, kind):
    names = ODD.get(kind, ("ape", "bee", "cow"))
    made = write(make_plan(len(names)), make_dataset(names), tmp_path / "o")
    assert open_set(made.path).manifest.classes == names
    assert verify(made.path).files == 2 * len(names)
    found = sorted(path.name for path in made.path.iterdir() if path.is_dir())
    assert found == list(made.manifest.folders)
    datasets.disable_progress_bars()
    for path, folder in (("imagefolder", str(made.path)), (str(made.path), None)):
        cache = str(tmp_path / "cache")
        loaded = datasets.load_dataset(path, data_dir=folder, cache_dir=cache)
        assert list(loaded) == ["train"]
        train = loaded["train"]
        assert train.features["label"].names == found
        assert train["label"] == made.labels.tolist()
        np.testing.assert_array_equal(pixels_of(train["image"]), made.images())
