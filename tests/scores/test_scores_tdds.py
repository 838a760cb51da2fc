import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from window_cases import windowed

from smallset.scores import Observer, tdds
from smallset.scores.tdds import TDDS, depth
from smallset.train.evaluation import predict


def naive(change: list[float], window: int, alpha: float) -> float:
    """From D_1..D_{T-1}: the decayed sum over k = 1..T-J, as the paper writes it."""
    epochs = len(change) + 1
    score = 0.0
    for k in range(1, epochs - window + 1):
        part = change[k - 1 : k - 1 + window]
        mean = sum(part) / window
        v = sum((d - mean) ** 2 for d in part) ** 0.5
        score += v * alpha * (1 - alpha) ** (epochs - window - k)
    return score


@given(windowed(), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_the_score_is_the_papers_formula_for_each_image_by_itself(case, alpha):
    change, window, order = case
    found = depth(change, window, alpha)
    wanted = [naive(column.astype(float).tolist(), window, alpha) for column in change.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(depth(change[:, order], window, alpha), found[order])


def test_late_changes_count_most():
    early, late = np.zeros((6, 1), np.float32), np.zeros((6, 1), np.float32)
    early[0], late[-1] = 1, 1
    assert depth(late, 3, 0.9) > 10 * depth(early, 3, 0.9)


@pytest.mark.parametrize("epochs", [None, 4])
def test_it_is_computed_from_the_probabilities_of_consecutive_epochs(epochs, seen, monkeypatch):
    monkeypatch.setattr(tdds, "_LENGTH", 7)
    observer = Observer("resnet8", epochs=6)
    p = []
    for epoch in range(1, (epochs or 6) + 1):
        model = seen.network(observer, epoch=epoch)
        ((_, logits),) = predict(model, seen.images, machine=seen.machine)
        p.append(logits.double().softmax(1).numpy())
    found = TDDS(3, epochs=epochs, observer=observer)(seen)
    change = [(np.abs(b * (np.log(b + 1e-8) - np.log(a + 1e-8)))).sum(1) for a, b in pairwise(p)]
    wanted = [naive(list(column), 3, 0.9) for column in np.transpose(change)]
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 10}, "tdds's window=10 needs at least 11 epochs, but it has an observer that "
         "trains for 10. Write observer=observer(epochs=11), or a smaller window."),
        ({"epochs": 5}, "tdds's window=5 needs at least 6 epochs, but it reads 5. "
         "Write epochs=6, or a smaller window."),
        ({"alpha": 0.0}, "tdds's alpha=0.0 is no share. Give 0 < alpha <= 1."),
        ({"alpha": 1.5}, "tdds's alpha=1.5 is no share. Give 0 < alpha <= 1."),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        TDDS(**options)
