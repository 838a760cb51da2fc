import numpy as np
import pytest
from datasets import data_files

from smallset.data.splits import (
    KEYWORDS,
    SEPARATORS,
    choose_split,
    counterparts,
    cut_off,
    splits_named,
)

NFC, NFD = "caf\u00e9", "cafe\u0301"


def test_the_words_are_those_of_datasets():
    words = {str(split): tuple(w) for split, w in data_files.SPLIT_KEYWORDS.items()}
    assert words == KEYWORDS
    assert data_files.NON_WORDS_CHARS == SEPARATORS


def test_a_word_stands_between_separators():
    assert splits_named("data/train-00000-of-00001.parquet") == {"train"}
    assert splits_named("dev_eval.parquet") == {"validation", "test"}
    assert splits_named("trains/contest.parquet") == set()
    assert splits_named("TEST.parquet") == set()


def yes(split: str) -> bool:
    return True


def test_a_labelled_test_split_judges_even_beside_a_validation_split():
    assert choose_split(["train", "validation", "test"], yes) == (
        "test",
        "test split of the source",
    )


def test_a_test_split_without_labels_leaves_it_to_the_validation_split():
    chosen = choose_split(["train", "val", "test"], lambda split: split != "test")
    assert chosen == ("val", "val split of the source (its test split has no labels)")
    chosen = choose_split(["train", "validation"], yes)
    assert chosen == ("validation", "validation split of the source (it has no test split)")


def test_with_neither_split_a_fifth_is_cut_off():
    assert choose_split(["train"], yes) == (None, "20 % of each class, chosen by content hash")


def hashes(numbers: list[int]) -> np.ndarray:
    return np.array([bytes([n]) * 32 for n in numbers], "S32")


def test_the_smallest_hashes_of_each_class_are_held_out():
    labels = np.array([0] * 10 + [1] * 3)
    content = hashes([9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 30, 20, 40])
    held = cut_off(labels, content, ("a", "b"))
    assert np.flatnonzero(held).tolist() == [7, 8, 11]


def test_equal_images_fall_on_the_same_side():
    labels = np.array([0] * 10)
    held = cut_off(labels, hashes([1, 2, 2, 2, 3, 4, 5, 6, 7, 8]), ("a",))
    assert np.flatnonzero(held).tolist() == [0, 1, 2, 3]


def test_a_class_without_two_different_images_is_an_error():
    with pytest.raises(ValueError, match=r"class 'b' has no two .*2 images.* to the class\.$"):
        cut_off(np.array([0, 0, 1, 1]), hashes([1, 2, 3, 3]), ("a", "b"))


def test_equal_images_of_two_classes_may_fall_on_two_sides():
    labels = np.array([0] * 5 + [1] * 5)
    held = cut_off(labels, hashes([5, 6, 7, 8, 9, 1, 2, 3, 4, 5]), ("a", "b"))
    assert np.flatnonzero(held).tolist() == [0, 5]


def of(own, classes):
    return counterparts(own, classes, name="set", split="test")


def test_classes_are_matched_by_name_and_not_by_position():
    assert of(("bee", "cow", "ape"), ("ape", "bee", "cow")) == [2, 0, 1]


def test_names_that_differ_in_their_unicode_form_are_the_same_class():
    assert of(("bee", NFC), (NFD, "bee")) == [1, 0]
    assert of((NFD, "bee"), ("bee", NFC)) == [1, 0]


def test_both_forms_on_one_side_are_two_classes():
    assert of((NFC, NFD), (NFD, NFC)) == [1, 0]
    with pytest.raises(ValueError, match="differs from train in its classes; lacks: "):
        of((NFC, "bee"), (NFC, NFD, "bee"))


def test_what_only_one_side_has_is_named():
    with pytest.raises(
        ValueError,
        match=r"test split of 'set' differs from train in its classes; class\(es\) unknown to "
        r"train: 'cow'; lacks: 'ape'\. Needed the same classes in both\. Rename, add or remove",
    ):
        of(("bee", "cow"), ("ape", "bee"))
