import numpy as np
import pytest

from smallset.selection.counts import check_counts


def test_a_class_with_too_few_images_is_named_with_what_fits():
    labels = np.array([0, 0, 0, 1, 1], np.int64)
    with pytest.raises(ValueError, match=r"3 images per class .* class 1 has 2\. .* at most 2"):
        check_counts(labels, classes=2, per_class=3)


def test_asking_for_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least 1"):
        check_counts(np.array([0, 1], np.int64), classes=2, per_class=0)


def test_what_every_class_has_passes():
    check_counts(np.array([0, 1, 1], np.int64), classes=2, per_class=1)
    with pytest.raises(ValueError, match="class 2 has 0"):
        check_counts(np.array([0, 1, 1], np.int64), classes=3, per_class=1)
