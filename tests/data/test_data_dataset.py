import hashlib

import numpy as np
import pytest

from smallset.data import content_of, from_arrays, open_data


def arrays(labels, held, *, same=(), names=None):
    """Open random images; `same` are pairs (training image, held-out image) of equal pixels."""
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4, 3), np.uint8)
    test = np.random.default_rng(1).integers(0, 256, (len(held), 4, 4, 3), np.uint8)
    for trained, tested in same:
        images[trained] = test[tested]
    return from_arrays(images, np.array(labels), names, test=(test, np.array(held)))


def test_content_is_the_beginning_of_the_hash_of_the_encoded_bytes(write_folder, work):
    data = open_data(write_folder({f"{c}/{k}.png": k for c in "ab" for k in range(5)}), work=work)
    for split in (data.train, data.test):
        hashes = [hashlib.sha256(split.encoded(i)).digest() for i in range(len(split))]
        assert split.content.tolist() == [content_of(digest) for digest in hashes]
    again = open_data(write_folder({}), work=work)  # mapped from the index
    assert np.array_equal(again.train.content, data.train.content)


def test_training_images_that_are_held_out_too_are_found_and_named():
    data = arrays([0, 1, 0, 1, 0], [0, 1, 1], same=[(1, 2), (4, 0)])
    assert data.leaks.tolist() == [1, 4]
    assert data.doubts() == (
        "2 training images are also held out: '00000001', '00000004'. "
        "Leave them out with --drop-leaks",
    )


def test_of_many_images_the_first_five_are_named_and_the_rest_counted():
    data = arrays([0, 1] * 4, [0, 1] * 3, same=[(k, k) for k in range(6)])
    assert "6 training images are also held out: '00000000', " in data.doubts()[0]
    assert "'00000004' and 1 more. Leave" in data.doubts()[0]


def test_leaks_are_left_out_and_the_fingerprint_says_so():
    data = arrays([0, 1, 0, 1, 0], [0, 1, 1], same=[(1, 2), (4, 0)])
    clean = data.without_leaks()
    assert clean.train.rows.tolist() == [0, 2, 3]
    assert clean.train.labels.tolist() == [0, 0, 1]
    assert np.array_equal(clean.train.pixels(1), data.train.pixels(2))
    assert clean.train.encoded_bytes == sum(len(clean.train.encoded(i)) for i in range(3))
    assert len({data.fingerprint, clean.fingerprint}) == 2
    assert clean.fingerprint == clean.train.fingerprint == clean.test.fingerprint
    assert clean.notes == ("2 training images are left out, because of equal held-out images",)
    assert (len(clean.leaks), clean.doubts()) == (0, ())


def test_data_without_leaks_stay_as_they_are():
    data = arrays([0, 1, 0], [0, 1])
    assert data.without_leaks() is data
    assert data.doubts() == ()


def test_a_class_that_is_held_out_as_a_whole_is_an_error():
    data = arrays([0, 1, 0], [0, 1], same=[(1, 1)], names=["ape", "bee"])
    with pytest.raises(ValueError, match=r"every training image of the class 'bee' of 'arrays' is"):
        data.without_leaks()


def test_equal_images_under_different_labels_are_named():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4), np.uint8)
    images[3] = images[0]  # another label
    images[4] = images[2]  # the same label
    held = np.zeros((2, 4, 4), np.uint8)
    data = from_arrays(images, np.array([0, 1, 0, 1, 0, 1]), test=(held, np.array([0, 1])))
    assert data.doubts() == (
        "2 training images are there under different labels: '00000000', '00000003'",
    )


def test_one_image_is_spoken_of_in_the_singular():
    data = arrays([0, 1, 0, 1], [0, 1], same=[(1, 1)])
    assert data.doubts()[0].startswith("1 training image is also held out: '00000001'.")
    assert data.without_leaks().notes == (
        "1 training image is left out, because of equal held-out images",
    )
