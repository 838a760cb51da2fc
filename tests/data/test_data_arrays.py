import numpy as np
import pytest
from sklearn.datasets import load_digits

from smallset.data import from_arrays, open_data

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 5, 6, 3), np.uint8)
LABELS = np.arange(20) % 2


def test_pixels_come_back_as_given():
    data = from_arrays(IMAGES, LABELS, ["a", "b"])
    assert data.train.classes.names == ("a", "b")
    assert (len(data.train), len(data.test)) == (16, 4)
    for split in (data.train, data.test):
        for i in range(len(split)):
            assert np.array_equal(split.pixels(i), IMAGES[split.rows[i]])
            assert split.labels[i] == LABELS[split.rows[i]]
            assert split.id(i) == f"{split.rows[i]:08d}"
    assert (data.train.sizes == [6, 5]).all()


def test_grey_arrays_become_rgb():
    data = from_arrays(IMAGES[:, :, :, 0], LABELS)
    assert data.train.classes.names == ("0", "1")
    expected = np.repeat(IMAGES[data.train.rows[3], :, :, :1], 3, axis=2)
    assert np.array_equal(data.train.pixels(3), expected)


def test_a_test_pair_is_the_held_out_split():
    data = from_arrays(IMAGES, LABELS, test=(IMAGES[:4], LABELS[:4]), name="mine")
    assert (data.name, data.held_out) == ("mine", "test arrays, as given")
    assert (len(data.train), len(data.test)) == (20, 4)


def test_arrays_that_do_not_match_are_errors():
    with pytest.raises(ValueError, match="20 train images and 19 labels; needed one label an"):
        from_arrays(IMAGES, LABELS[:19])
    with pytest.raises(ValueError, match=r"label in row 1 is 1; needed 0 to 0, one of the 1 class"):
        from_arrays(IMAGES, LABELS, ["a"])
    with pytest.raises(ValueError, match="label in row 0 is -1; needed 0 to 0"):
        from_arrays(IMAGES, LABELS - 1)
    with pytest.raises(ValueError, match=r"names=\['a', 'a'\], which repeat; needed one name a"):
        from_arrays(IMAGES, LABELS, ["a", "a"])
    with pytest.raises(ValueError, match=r"type float64 and shape \(20, 5, 6, 3\); needed uint8"):
        from_arrays(IMAGES / 255, LABELS)
    with pytest.raises(ValueError, match=r"shape \(20, 5, 6, 2\); needed uint8"):
        from_arrays(IMAGES[..., :2], LABELS)
    with pytest.raises(ValueError, match=r"labels of the type float64 .* needed whole numbers"):
        from_arrays(IMAGES, LABELS / 1)
    with pytest.raises(ValueError, match="has 1 class"):
        from_arrays(IMAGES, LABELS * 0)


def test_digits_are_scikit_learns_scaled_to_a_byte(work):
    data = open_data("digits", work=work)
    bunch = load_digits()
    assert data.name == "digits"
    assert data.train.classes.names == tuple("0123456789")
    assert len(data.train) + len(data.test) == 1797
    assert data.fingerprint.startswith("6080fe74")  # the same everywhere
    assert data.held_out == "20 % of each class, chosen by content hash"
    for i in (0, 700, len(data.train) - 1):
        row = data.train.rows[i]
        assert data.train.labels[i] == bunch.target[row]
        expected = np.round(bunch.images[row] * 255 / 16)
        assert np.array_equal(data.train.pixels(i), np.repeat(expected[:, :, None], 3, axis=2))
