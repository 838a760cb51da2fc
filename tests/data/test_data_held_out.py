import numpy as np
import pytest

from smallset.data.held_out import choose_split, cut_off


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
    with pytest.raises(ValueError, match=r"class 'b' has 2 image.* the same.*Add images"):
        cut_off(np.array([0, 0, 1, 1]), hashes([1, 2, 3, 3]), ("a", "b"))


def test_equal_images_of_two_classes_may_fall_on_two_sides():
    labels = np.array([0] * 5 + [1] * 5)
    held = cut_off(labels, hashes([5, 6, 7, 8, 9, 1, 2, 3, 4, 5]), ("a", "b"))
    assert np.flatnonzero(held).tolist() == [0, 5]
