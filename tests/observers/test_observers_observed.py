import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scores_toy import LABELS, el2n, toy

from smallset import files
from smallset.models import build_model
from smallset.observers import Observer
from smallset.observers.record import RECORD
from smallset.train import run
from smallset.train.device import Machine
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=3)


@pytest.fixture
def trained(monkeypatch):
    """The seeds of the networks that were built, one a training run."""
    seeds: list[int] = []

    def build(name: str, *, classes: int, size: int, seed: int) -> torch.nn.Module:
        seeds.append(seed)
        return build_model(name, classes=classes, size=size, seed=seed)

    monkeypatch.setattr(run, "build_model", build)
    return seeds


def recorded(folder: Path) -> list[np.ndarray]:
    return [np.load(file) for file in sorted(folder.rglob("moment-*.npy"))]


def test_a_run_is_made_once_and_found_again(tmp_path, trained):
    first = toy(tmp_path).dynamics(SHORT, run=0)
    again = toy(tmp_path).dynamics(SHORT, run=0)
    assert len(trained) == 1
    assert first.epochs == 3
    for one, other in zip(first.moments, again.moments, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.rglob("*.partial"))


def test_runs_and_seeds_train_different_networks(tmp_path, trained):
    observed = toy(tmp_path)
    last = [
        observed.dynamics(SHORT, run=0).at(3)["el2n"],
        observed.dynamics(SHORT, run=1).at(3)["el2n"],
        observed.dynamics(replace(SHORT, seed=1), run=0).at(3)["el2n"],
    ]
    assert len(set(trained)) == 3
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(last[i], last[j])


def test_values_are_those_of_the_network_on_clean_images_in_eval_mode(tmp_path):
    observed = toy(tmp_path)
    dynamics = observed.dynamics(SHORT, run=0)
    state = torch.load(next(tmp_path.rglob("state.pt")), weights_only=True)
    assert state["epochs"] == 3
    model = build_model("resnet8", classes=4, size=8, seed=0)
    model.load_state_dict(state["model"])
    observed.machine.place(model)
    ((_, logits),) = predict(model, observed.images, machine=observed.machine)
    wanted = el2n(logits, torch.from_numpy(LABELS))
    np.testing.assert_array_equal(dynamics.at(3)["el2n"], wanted)


class Killed(BaseException):
    """As Ctrl-C or a lost machine would end the run."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[np.ndarray]:
    """What a run records that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    toy(folder).dynamics(SHORT, run=0)
    return recorded(folder)


@pytest.mark.parametrize("epoch", [0, 1, 2])
@pytest.mark.parametrize(
    "at", ["predicting", "before the network", "before the values", "before the state"]
)
def test_a_killed_run_goes_on_at_its_last_whole_epoch(epoch, at, whole, tmp_path, monkeypatch):
    scored: list[str] = []

    def stop(stage: str, done: int, total: int) -> None:
        scored.extend([stage] if stage == "score" else [])
        if at == "predicting" and len(scored) == epoch + 1:
            raise Killed

    real = os.replace

    def replace_unless_killed(part: Path, path: Path) -> None:
        values, network = f"moment-{epoch + 1:05d}.npy", f"network-{epoch + 1:05d}.pt"
        names = {"before the network": network, "before the values": values}
        name = names.get(at, "state.pt")
        due = at in names or (path.parent / values).exists()
        if at != "predicting" and path.name == name and due:
            raise Killed
        real(part, path)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", replace_unless_killed)
        with pytest.raises(Killed):
            toy(tmp_path / "killed", progress=stop).dynamics(SHORT, run=0)

    epochs: list[str] = []
    toy(tmp_path / "killed", progress=lambda stage, *_: epochs.append(stage)).dynamics(SHORT, run=0)
    left = 0 if (at, epoch) == ("before the state", 2) else 3 - epoch
    assert epochs.count("train") == left
    assert len(recorded(tmp_path / "killed")) == 3
    for one, other in zip(recorded(tmp_path / "killed"), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    assert toy(tmp_path / "killed").features(SHORT).shape == (40, 64)  # the networks are there too


def test_the_fingerprint_changes_with_every_fact(tmp_path):
    base = toy(tmp_path)
    observers = [
        SHORT,
        replace(SHORT, model="resnet20"),
        replace(SHORT, epochs=4),
        replace(SHORT, seed=1),
    ]
    prints = [base.fingerprint(observer, 0) for observer in observers]
    prints += [base.fingerprint(SHORT, 1), toy(tmp_path, source="other").fingerprint(SHORT, 0)]
    for here in (
        Machine("cpu", "bfloat16", 1),
        Machine("cuda", "float32", 1),
        Machine("cpu", "float32", 2),
    ):
        prints.append(toy(tmp_path, machine=here).fingerprint(SHORT, 0))
    larger = replace(base, images=type(base.images)(torch.zeros(40, 3, 16, 16, dtype=torch.uint8)))
    prints.append(larger.fingerprint(SHORT, 0))
    assert len(set(prints)) == len(prints)


def test_the_fingerprint_changes_with_the_content_of_given_weights(tmp_path):
    file, prints = tmp_path / "w.pt", set()
    for seed in (0, 1):
        torch.save(build_model("resnet8", classes=4, size=8, seed=seed).state_dict(), file)
        given = replace(SHORT, model=f"resnet8(weights={file})")
        prints.add(toy(tmp_path).fingerprint(given, 0))
    assert len(prints) == 2


def test_the_fingerprint_of_a_gpu_does_not_name_its_index(tmp_path):
    one, other = (
        toy(tmp_path, machine=Machine(f"cuda:{i}", "float32", 1)).fingerprint(SHORT, 0)
        for i in (0, 1)
    )
    assert one == other


def test_auto_and_the_name_it_stands_for_are_one_run(tmp_path):
    observed = toy(tmp_path)
    assert observed.fingerprint(replace(SHORT, model="auto"), 0) == observed.fingerprint(SHORT, 0)


def test_progress_names_training_and_scoring(tmp_path):
    told: list[tuple[str, int, int]] = []
    toy(tmp_path, progress=lambda *report: told.append(report)).dynamics(SHORT, run=1)
    assert told == [(stage, 40 * epoch, 120) for epoch in (1, 2, 3) for stage in ("train", "score")]


def test_progress_of_a_run_among_several_counts_on(tmp_path):
    told: list[tuple[str, int, int]] = []
    seen = toy(tmp_path, progress=lambda *report: told.append(report))
    seen.part(1, 2, "run").dynamics(replace(SHORT, epochs=1, snapshots=1), run=1)
    assert told == [("train, run 2 of 2", 80, 80), ("score, run 2 of 2", 80, 80)]
    assert seen.part(0, 1, "run") is seen


def test_networks_of_every_epoch_and_features_are_at_hand_without_training(tmp_path, trained):
    observed = toy(tmp_path)
    dynamics = observed.dynamics(SHORT, run=0)
    trained.clear()
    for epoch in (1, 3):
        model = observed.network(SHORT, epoch=epoch)
        ((_, logits),) = predict(model, observed.images, machine=observed.machine)
        wanted = el2n(logits, torch.from_numpy(LABELS))
        np.testing.assert_array_equal(dynamics.at(epoch)["el2n"], wanted)
    features = observed.features(SHORT)
    assert features.shape == (40, 64)
    np.testing.assert_allclose(
        np.linalg.norm(features, axis=1), dynamics.at(3)["feature"], rtol=1e-5
    )
    assert not trained


def test_what_is_kept_is_made_once_and_whole_or_not_at_all(tmp_path):
    observed = toy(tmp_path)

    def broken() -> Iterator[np.ndarray]:
        yield np.zeros((20, 2), np.float32)
        raise Killed

    with pytest.raises(Killed):
        observed.kept(SHORT, "pairs", broken)
    halves = [np.full((20, 2), k, np.float32) for k in (0, 1)]
    np.testing.assert_array_equal(
        observed.kept(SHORT, "pairs", lambda: iter(halves)), np.concatenate(halves)
    )
    assert len(observed.kept(SHORT, "pairs", broken)) == 40
    assert not list(tmp_path.rglob("*.partial-*"))


def test_the_image_whose_numbers_are_not_finite_is_named_and_nothing_is_kept(tmp_path):
    observed, rows = toy(tmp_path), np.zeros((20, 2), np.float32)
    wrong = rows.copy()
    wrong[3, 1] = np.nan
    said = (
        "the observer 'resnet8' gives numbers that are not finite, for instance of "
        f"{observed.dataset.id(23)!r}. Needed finite ones of every image. Take another network."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        observed.kept(replace(SHORT, model="auto"), "pairs", lambda: iter([rows, wrong]))
    assert not list(tmp_path.rglob("*pairs*"))


def test_records_that_are_not_finite_are_refused_wherever_they_stand(tmp_path):
    rows = np.zeros(10, RECORD)
    wrong = rows.copy()
    wrong["margin"][4] = np.inf
    parts = [(30, rows), (0, rows), (10, wrong)]
    observed = replace(toy(tmp_path), spread=lambda *_: iter(parts))
    said = f"not finite, for instance of {observed.dataset.id(14)!r}. Needed"
    with pytest.raises(ValueError, match=re.escape(said)):
        observed.dynamics(SHORT)
    assert not list(tmp_path.rglob("*moment*"))
