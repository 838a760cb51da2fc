"""A validation part cut from the training images."""

from dataclasses import replace

import numpy as np
import pytest

from smallset.data import from_arrays
from smallset.data.validation import behind_validation, validation_named, validation_of
from smallset.desk import Desk
from smallset.exchange.set_data import open_any


class Sealed:
    """Rows that may not be read."""

    def __len__(self):
        raise AssertionError("the held-out images were counted")

    def name(self, row):
        raise AssertionError("a held-out image was named")

    def read(self, row):
        raise AssertionError("a held-out image was read")


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 4), np.uint8)


def rows(split):
    return {bytes(split.encoded(i)) for i in range(len(split))}


DATA = from_arrays(noise(40), np.arange(40) % 2, test=(noise(4, 1), np.arange(4) % 2))


def test_a_fifth_of_each_class_is_held_out_and_the_rest_stays():
    cut = validation_of(DATA)
    assert np.bincount(cut.train.labels).tolist() == [16, 16]
    assert np.bincount(cut.test.labels).tolist() == [4, 4]
    assert rows(cut.train) | rows(cut.test) == rows(DATA.train)
    assert not rows(cut.train) & rows(cut.test)
    assert (cut.train.split, cut.test.split) == ("train", "validation")
    assert cut.held_out == "20 % of each class of the training images, chosen by content hash"


def test_it_is_another_data_set_with_caches_of_its_own():
    cut = validation_of(DATA)
    assert len({DATA.fingerprint, cut.fingerprint, validation_of(cut).fingerprint}) == 3
    assert cut.train.fingerprint == cut.test.fingerprint == cut.fingerprint
    assert validation_of(DATA).fingerprint == cut.fingerprint


def test_the_images_that_the_data_hold_out_are_never_looked_at():
    sealed = replace(DATA, test=replace(DATA.test, origin=Sealed()))
    cut = validation_of(sealed)
    held_out = rows(DATA.test)
    assert not held_out & (rows(cut.train) | rows(cut.test))


def test_a_copy_of_a_validation_image_under_another_label_is_left_out():
    images, labels = noise(40), np.arange(40) % 2
    held = int(validation_of(DATA).test.rows[0])
    other = next(i for i in range(40) if labels[i] != labels[held])
    images[other] = images[held]
    cut = validation_of(from_arrays(images, labels, test=(noise(4, 1), np.arange(4) % 2)))
    assert not rows(cut.train) & rows(cut.test)


def test_a_class_of_equal_images_is_named():
    images = np.concatenate([noise(10), np.zeros((3, 4, 4), np.uint8)])
    labels = np.repeat([0, 1], [10, 3])
    data = from_arrays(images, labels, ["ape", "bee"], test=(noise(4, 1), np.arange(4) % 2))
    with pytest.raises(ValueError, match=r"'bee' has no two different.* to the class\.$"):
        validation_of(data)


def test_it_has_a_text_that_opens_it(tmp_path):
    text = validation_named("digits")
    assert text == "validation(digits)"
    assert behind_validation(text) == "digits"
    assert behind_validation("digits") is None
    opened = open_any(text, Desk(tmp_path))
    whole = open_any("digits", Desk(tmp_path))
    assert len(opened.train) + len(opened.test) == len(whole.train)
    assert opened.fingerprint == validation_of(whole).fingerprint
