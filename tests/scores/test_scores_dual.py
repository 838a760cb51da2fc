import re

import numpy as np
import pytest
from hypothesis import given
from window_cases import deviation, windowed

from smallset.scores import Observer
from smallset.scores.dual import DUAL, dual_score


def naive(p: list[float], window: int) -> float:
    parts = [p[k : k + window] for k in range(len(p) - window + 1)]
    return sum(deviation(q) * (1 - sum(q) / window) for q in parts) / len(parts)


@given(windowed())
def test_the_score_is_the_papers_formula_for_each_image_by_itself(case):
    p, window, order = case
    found = dual_score(p, window)
    wanted = [naive(column.astype(float).tolist(), window) for column in p.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(dual_score(p[:, order], window), found[order])


def test_of_equally_unsteady_images_the_less_believed_is_harder():
    p = np.array([[0.1, 0.9], [0.3, 0.7], [0.1, 0.9]], np.float32)
    low, high = dual_score(p, 3)
    assert low > high > 0


def test_it_reads_the_labels_probability_of_the_first_epochs(seen):
    observer = Observer("resnet8", epochs=6)
    p = np.exp(-np.stack([m["loss"] for m in seen.dynamics(observer).moments]))
    for epochs, count in ((None, 6), (4, 4)):
        found = DUAL(3, epochs, observer=observer)(seen)
        wanted = [naive(column.tolist(), 3) for column in p[:count].T]
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 11}, "dual's window=11 needs at least 11 epochs, but it has an observer that "
         "trains for 10. Write observer=observer(epochs=11), or a smaller window."),
        ({"epochs": 6}, "dual's window=10 needs at least 10 epochs, but it reads 6. Write "
         "epochs=10, or a smaller window."),
        ({"epochs": 12}, "dual's epochs=12 reads past the end of its observer, which trains for "
         "10. Train longer: observer=observer(epochs=12)."),
        ({"epochs": 0}, "dual's epochs=0 reads nothing."),
        ({"window": 1}, "dual's window=1 has no spread. Give at least 2."),
    ],
)  # fmt: skip
def test_windows_and_epochs_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        DUAL(**options)
