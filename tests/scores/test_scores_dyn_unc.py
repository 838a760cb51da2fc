import re

import numpy as np
import pytest
from hypothesis import given
from window_cases import deviation, windowed

from smallset.scores import Observer
from smallset.scores.dyn_unc import DynUnc, dynamic_uncertainty


def naive(p: list[float], window: int) -> float:
    count = len(p) - window + 1
    return sum(deviation(p[k : k + window]) for k in range(count)) / count


@given(windowed())
def test_the_score_is_the_papers_formula_for_each_image_by_itself(case):
    p, window, order = case
    found = dynamic_uncertainty(p, window)
    wanted = [naive(column.astype(float).tolist(), window) for column in p.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(dynamic_uncertainty(p[:, order], window), found[order])


def test_what_never_changes_has_no_uncertainty():
    assert dynamic_uncertainty(np.full((9, 2), 0.25, np.float32), 4).tolist() == [0, 0]


def test_it_reads_the_labels_probability(seen):
    observer = Observer("resnet8", epochs=6)
    p = np.exp(-np.stack([m["loss"] for m in seen.dynamics(observer).moments]))
    found = DynUnc(3, observer=observer)(seen)
    np.testing.assert_allclose(found, [naive(c.tolist(), 3) for c in p.T], rtol=1e-3, atol=1e-7)


def test_a_window_longer_than_the_run_is_refused():
    said = (
        "dyn-unc's window=10 needs at least 10 epochs, but it has an observer that trains for 5. "
        "Write observer=observer(epochs=10), or a smaller window."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        DynUnc(observer=Observer(epochs=5))
