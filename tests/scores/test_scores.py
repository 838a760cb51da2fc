import numpy as np
import pytest
from scores_toy import toy

from smallset.scores import SCORES, UNCERTAINTIES, Observer, Score
from smallset.train import run

SHORT = Observer("resnet8", epochs=3, snapshots=1)
# What fits an observer of three epochs.
OPTIONS = {
    "el2n": {"epochs": 3},
    "grand": {"epochs": 3},
    "tdds": {"window": 2},
    "dyn-unc": {"window": 2},
    "dual": {"window": 2},
    "cad-prune": {"window": 2, "windows": 1},
}
EVERY = pytest.mark.parametrize("name", SCORES)


def short(name: str) -> Score:
    return SCORES[name](observer=SHORT, **OPTIONS.get(name, {}))


@EVERY
def test_every_score_of_the_table_is_a_score_by_its_defaults(name):
    assert isinstance(SCORES[name](), Score)
    assert isinstance(SCORES[name]().observer, Observer)
    assert name == name.lower()


def test_uncertainties_are_scores():
    assert set(UNCERTAINTIES) < set(SCORES)


def test_all_scores_come_from_one_run_and_none_changes_another(tmp_path, monkeypatch):
    alone = {name: short(name)(toy(tmp_path / name)) for name in SCORES}
    together = toy(tmp_path / "together")
    together.dynamics(SHORT)
    monkeypatch.setattr(run, "fit", None)
    for name in SCORES:
        found = short(name)(together)
        assert found.shape == (40,)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, alone[name], err_msg=name)
    assert len(list((tmp_path / "together" / "observers").iterdir())) == 1
    assert len({found.tobytes() for found in alone.values()}) == len(SCORES)


@EVERY
def test_runs_are_averaged(name, tmp_path):
    if name == "forgetting":
        pytest.skip("its ties are broken over all runs: tested with it")
    observed, options = toy(tmp_path), OPTIONS.get(name, {})
    both = SCORES[name](observer=SHORT, runs=2, **options)(observed)
    one = short(name)(observed)
    second = type(observed).dynamics

    class Other(type(observed)):
        """Gives run 1 where run 0 is asked for."""

        def dynamics(self, observer, *, run=0):
            return second(self, observer, run=1)

        def network(self, observer, *, run=0, epoch):
            return super().network(observer, run=1, epoch=epoch)

        def kept(self, observer, name, make, *, run=0):
            return super().kept(observer, name, make, run=1)

    other = short(name)(Other(**vars(observed)))
    np.testing.assert_allclose(both, (one.astype(float) + other) / 2, rtol=1e-5, atol=1e-7)


@EVERY
def test_no_runs_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name}'s runs=0 measures nothing\. Give at least 1\."):
        SCORES[name](runs=0)
