import re

import numpy as np
import pytest
import torch
from hypothesis import given
from scores_toy import toy
from window_cases import deviation, windowed

from smallset.scores import Observer
from smallset.scores.cad_prune import CADPrune, late_deviation
from smallset.train.loop import InMemory


def naive(s: list[float], window: int, count: int) -> float:
    u = [deviation(s[k : k + window]) for k in range(len(s) - window + 1)]
    return sum(u[-count:]) / count


@given(windowed())
def test_the_score_is_the_papers_formula_for_each_image_by_itself(case):
    el2n, window, order = case
    for count in range(1, len(el2n) - window + 2):
        found = late_deviation(el2n, window, count)
        wanted = [naive(column.astype(float).tolist(), window, count) for column in el2n.T]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(late_deviation(el2n[:, order], window, count), found[order])


def test_it_reads_the_last_epochs_of_a_run(seen):
    observer = Observer("resnet8", epochs=6)
    s = np.stack([m["el2n"] for m in seen.dynamics(observer).moments])
    found = CADPrune(3, 2, observer=observer)(seen)
    wanted = [naive(column.tolist(), 3, 2) for column in s.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-7)


def test_it_reads_moments_within_an_epoch_where_epochs_are_few(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (300, 3, 8, 8), dtype=np.uint8)
    observed = toy(tmp_path)
    object.__setattr__(observed, "images", InMemory(torch.from_numpy(pixels)))
    object.__setattr__(observed, "labels", np.arange(300) % 4)
    observer = Observer("resnet8", epochs=1, snapshots=3)
    s = np.stack([m["el2n"] for m in observed.dynamics(observer).moments])
    assert len(s) == 3
    found = CADPrune(2, 2, observer=observer)(observed)
    np.testing.assert_allclose(found, [naive(c.tolist(), 2, 2) for c in s.T], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 1}, "cad-prune's window=1 has no spread. Give at least 2."),
        ({"windows": 0}, "cad-prune's windows=0 reads none. Give at least 1."),
        ({"window": 8}, "cad-prune's window=8, windows=2 need at least 9 moments, but its observer "
         "is looked at 8 times (epochs=1, snapshots=8). "
         "Write observer=observer(epochs=1, snapshots=9)."),
        ({"observer": Observer(epochs=4)}, "cad-prune's window=6, windows=2 need at least 7 "
         "moments, but its observer is looked at 4 times (epochs=4, snapshots=1). "
         "Write observer=observer(epochs=4, snapshots=2)."),
    ],
)  # fmt: skip
def test_moments_that_are_not_there_are_refused(options, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        CADPrune(**options)
