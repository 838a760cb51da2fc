import numpy as np
from sklearn.datasets import load_digits

from smallset.data import open_data


def test_digits_are_scikit_learns_scaled_to_a_byte(work):
    data = open_data("digits", work=work)
    bunch = load_digits()
    assert data.name == "digits"
    assert data.train.classes.names == tuple("0123456789")
    assert len(data.train) + len(data.test) == 1797
    assert data.held_out == "20 % of each class, chosen by content hash"
    for i in (0, 700, len(data.train) - 1):
        row = data.train.rows[i]
        assert data.train.labels[i] == bunch.target[row]
        expected = np.round(bunch.images[row] * 255 / 16)
        assert np.array_equal(data.train.pixels(i), np.repeat(expected[:, :, None], 3, axis=2))


def test_the_fingerprint_of_digits_is_the_same_everywhere(work):
    assert open_data("digits", work=work).fingerprint.startswith("6080fe74")
