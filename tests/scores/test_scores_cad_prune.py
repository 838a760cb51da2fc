import re
from statistics import fmean, pstdev

import numpy as np
import pytest
from scores_toy import toy

from smallset.observers import Observer
from smallset.observers.observed import Observed
from smallset.observers.record import RECORD, Dynamics
from smallset.scores import CADPrune


def test_it_is_the_mean_deviation_of_the_last_windows_of_moments(tmp_path):
    observer = Observer("resnet8", epochs=3, snapshots=1)
    observed = toy(tmp_path)
    errors = [moment["el2n"] for moment in observed.dynamics(observer).moments]
    found = CADPrune(window=2, windows=1, observer=observer)(observed)
    wanted = [pstdev([float(e[i]) for e in errors[-2:]]) for i in range(40)]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)
    found = CADPrune(window=2, windows=2, observer=observer)(observed)
    wanted = [
        fmean(pstdev([float(e[i]) for e in errors[k : k + 2]]) for k in (0, 1)) for i in range(40)
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)


def test_moments_within_an_epoch_count_and_too_few_steps_say_so(tmp_path):
    assert CADPrune().observer == Observer(epochs=1, snapshots=8)
    with pytest.raises(ValueError, match=r"8 snapshots .* 40 images has 1 step .* at most 1"):
        CADPrune(observer=Observer("resnet8", epochs=1, snapshots=8))(toy(tmp_path))


def test_no_windows_are_refused():
    said = "cad-prune's windows=0 reads nothing. Give at least 1."
    with pytest.raises(ValueError, match=re.escape(said)):
        CADPrune(windows=0)


def test_its_moments_are_the_last_of_the_run_however_many_an_epoch_has(tmp_path, monkeypatch):
    """The default: 8 moments of one epoch, two windows of 6 in the last 7."""
    observed = toy(tmp_path)
    moments = np.zeros((8, 40), RECORD)
    moments["el2n"] = np.random.default_rng(0).random((8, 40))
    monkeypatch.setattr(Observed, "dynamics", lambda *_, run: Dynamics(tuple(moments), 8))
    wanted = [
        fmean(pstdev(moments["el2n"][k : k + 6, i].tolist()) for k in (1, 2)) for i in range(40)
    ]
    np.testing.assert_allclose(CADPrune()(observed), wanted, rtol=1e-5)
