from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scores_toy import LABELS, toy

from smallset.models import build_model
from smallset.scores import SCORES, Observed, Observer, Score
from smallset.train import run

UNCERTAINTY = ("tdds", "dyn-unc", "dual", "cad-prune")
SHARED = [name for name in SCORES if name != "cad-prune"]


def ready(name: str) -> Score:
    """The score by its defaults, CAD-Prune with as many moments as toy data have steps for."""
    score = SCORES[name]()
    return score if name in SHARED else replace(score, observer=Observer("resnet8", epochs=8))


def test_every_score_of_the_table_is_a_score_by_its_defaults():
    for scorer in SCORES.values():
        assert isinstance(scorer(), Score)
        assert isinstance(scorer().observer, Observer)


def test_names_are_lower_case_as_the_papers_spell_them():
    assert list(SCORES) == [
        "el2n", "grand", "forgetting", "aum", "entropy", "margin", "least-confidence", "loss",
        "tdds", "dyn-unc", "dual", "cad-prune",
    ]  # fmt: skip


def test_all_scores_but_one_look_through_the_same_observer_by_default():
    assert {SCORES[name]().observer for name in SHARED} == {Observer()}
    assert SCORES["cad-prune"]().observer == Observer(epochs=1, snapshots=8)


@pytest.mark.parametrize("name", SCORES)
def test_every_score_gives_a_finite_float32_for_every_image(name, seen):
    found = ready(name)(seen)
    assert found.dtype == np.float32
    assert found.shape == LABELS.shape
    assert np.isfinite(found).all()
    assert len(np.unique(found)) > len(LABELS) / 2


def test_one_more_score_trains_nothing_and_changes_no_other(tmp_path, monkeypatch):
    trained: list[int] = []

    def build(name: str, *, classes: int, size: int, seed: int) -> torch.nn.Module:
        trained.append(seed)
        return build_model(name, classes=classes, size=size, seed=seed)

    monkeypatch.setattr(run, "build_model", build)
    alone = {name: ready(name)(toy(tmp_path / "first")) for name in ("el2n", "forgetting")}
    assert len(trained) == 1
    for name in SHARED:
        ready(name)(toy(tmp_path / "first"))
    SCORES["grand"](layers="all", epochs=1)(toy(tmp_path / "first"))
    assert len(trained) == 1
    for name, values in alone.items():
        np.testing.assert_array_equal(ready(name)(toy(tmp_path / "first")), values)
    # Nor does it matter which score asks for the run first.
    SCORES["tdds"]()(toy(tmp_path / "other"))
    np.testing.assert_array_equal(ready("el2n")(toy(tmp_path / "other")), alone["el2n"])


class Second(Observed):
    """The data as seen by the second run alone, which is there already."""

    def _folder(self, observer: Observer, run: int) -> Path:
        return super()._folder(observer, run=1)


@pytest.mark.parametrize("name", [name for name in SCORES if name != "forgetting"])
def test_runs_are_averaged(name, seen):
    short = Observer("resnet8", epochs=3)
    narrow = {"window": 2} if name in UNCERTAINTY else {}
    early = {"epochs": 2} if name in ("el2n", "grand") else {}
    one, two = (SCORES[name](observer=short, runs=runs, **narrow, **early) for runs in (1, 2))
    both = two(seen)
    parts = [one(seen), one(Second(*vars(seen).values()))]
    np.testing.assert_allclose(both, np.mean(parts, axis=0), rtol=1e-5, atol=1e-7)
    assert not np.array_equal(*parts)


@pytest.mark.parametrize("name", SCORES)
def test_no_run_is_refused(name):
    with pytest.raises(ValueError, match=rf"^{name}'s runs=0 measures nothing. Give at least 1.$"):
        SCORES[name](runs=0)
