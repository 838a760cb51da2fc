from dataclasses import fields, replace

import numpy as np
import pytest
from scores_toy import toy, weights

from smallset.observers import Observer, Pretrained
from smallset.observers.observed import Observed
from smallset.scores import SCORES, Score
from smallset.train import run
from smallset.train.shown import InMemory

SHORT = Observer("resnet8", epochs=3, snapshots=1)
# What fits an observer of three epochs.
OPTIONS = {
    "el2n": {"epochs": 3},
    "grand": {"epochs": 3},
    "tdds": {"window": 3},
    "dyn-unc": {"window": 2},
    "dual": {"window": 2},
    "cad-prune": {"window": 2, "windows": 1},
}
OURS = [name for name in SCORES if name != "file"]
EVERY = pytest.mark.parametrize("name", OURS)


def short(name: str) -> Score:
    return SCORES[name](observer=SHORT, **OPTIONS.get(name, {}))


@EVERY
def test_every_score_of_the_table_is_a_score_by_its_defaults(name):
    assert isinstance(SCORES[name](), Score)
    assert isinstance(SCORES[name]().observer, Observer)
    assert name == name.lower()


def test_all_scores_come_from_one_run_and_none_changes_another(tmp_path, monkeypatch):
    alone = {name: short(name)(toy(tmp_path / name)) for name in OURS}
    together = toy(tmp_path / "together")
    together.dynamics(SHORT)
    monkeypatch.setattr(run, "fit", None)
    for name in OURS:
        found = short(name)(together)
        assert found.shape == (40,)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, alone[name], err_msg=name)
    assert len(list((tmp_path / "together" / "observers").iterdir())) == 1
    assert len({found.tobytes() for found in alone.values()}) == len(OURS)


@EVERY
def test_runs_are_averaged(name, work):
    if name == "forgetting":
        pytest.skip("its ties are broken over all runs: tested with it")
    observed, options = toy(work), OPTIONS.get(name, {})
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

    other = short(name)(
        Other(**{f.name: getattr(observed, f.name) for f in fields(observed) if f.init})
    )
    np.testing.assert_allclose(both, (one.astype(float) + other) / 2, rtol=1e-5, atol=1e-7)


@EVERY
def test_no_runs_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name}'s runs=0 is too small\. Give the trainings to"):
        SCORES[name](runs=0)


@pytest.mark.parametrize("name", ["el2n", "grand", "loss", "entropy", "margin", "least-confidence"])
def test_scores_of_one_look_take_a_network_that_is_given(name, tmp_path):
    given = Pretrained(f'resnet8(weights="{weights(tmp_path / "w.pt")}", classes=same)')
    found = SCORES[name](observer=given)(toy(tmp_path))
    assert found.shape == (40,)
    assert np.isfinite(found).all()
    for options in ({"runs": 2}, {"epochs": (1,)}):
        with pytest.raises(ValueError, match=rf"{name}'s .* reads an observer's training, but"):
            SCORES[name](observer=given, **options)


@pytest.mark.parametrize("name", ["forgetting", "aum", "tdds", "dyn-unc", "dual", "cad-prune"])
def test_scores_of_training_refuse_a_network_that_is_given(name):
    with pytest.raises(ValueError, match=rf"{name} reads an observer's training, but"):
        SCORES[name](observer=Pretrained("resnet8(weights=w.pt, classes=same)"))


@pytest.mark.parametrize("name", [name for name in OURS if name != "tdds"])
def test_another_order_of_the_images_is_another_order_of_the_scores(name, work, monkeypatch):
    observed, order = toy(work), np.random.default_rng(0).permutation(40)
    found = short(name)(observed)
    real = observed.dynamics(SHORT)
    shuffled = replace(real, moments=tuple(moment[order] for moment in real.moments))
    monkeypatch.setattr(Observed, "dynamics", lambda *_, run: shuffled)
    np.testing.assert_array_equal(short(name)(observed), found[order])


def in_another_order(observed: Observed) -> tuple[Observed, np.ndarray]:
    """Return the data in another order, and which image stands where."""
    order = np.random.default_rng(0).permutation(40)
    images = InMemory(observed.images.pixels[order])
    return replace(observed, images=images, labels=observed.labels[order], source="other"), order


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("el2n", {}),
        ("grand", {}),
        ("grand", {"layers": "all"}),
        ("loss", {}),
        ("entropy", {}),
        ("margin", {}),
        ("least-confidence", {}),
    ],
)
def test_a_given_network_scores_an_image_alike_wherever_it_stands(name, options, tmp_path):
    given = Pretrained(f'resnet8(weights="{weights(tmp_path / "w.pt")}", classes=same)')
    observed = toy(tmp_path)
    other, order = in_another_order(observed)
    found = SCORES[name](observer=given, **options)(observed)
    again = SCORES[name](observer=given, **options)(other)
    np.testing.assert_allclose(again, found[order], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "more"), [("tdds", {}), ("grand", {"layers": "all"})])
def test_so_do_the_networks_of_a_training(name, more, work, monkeypatch):
    observed = toy(work)
    found = SCORES[name](observer=SHORT, **OPTIONS[name], **more)(observed)
    networks = {epoch: observed.network(SHORT, epoch=epoch) for epoch in (1, 2, 3)}
    monkeypatch.setattr(Observed, "network", lambda *_, run, epoch: networks[epoch])
    other, order = in_another_order(observed)
    again = SCORES[name](observer=SHORT, **OPTIONS[name], **more)(other)
    np.testing.assert_allclose(again, found[order], rtol=1e-3, atol=1e-6)
