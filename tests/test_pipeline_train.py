"""train_teacher(): what it writes, that it can be killed, and that the teacher is what it says."""

import hashlib
import importlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from smallset import from_arrays, train_teacher
from smallset.data import Data, pixel_cache
from smallset.models import load_teacher
from smallset.models.trained import Trained, read_trained
from smallset.train.device import Machine
from smallset.train.evaluation import accuracy

TRAIN = importlib.import_module("smallset.pipeline.train")
NAMES = ("ape", "bee", "cow")


@pytest.fixture(scope="module")
def data() -> Data:
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (60, 8, 8, 3), np.uint8), np.arange(60) % 3
    return from_arrays(images[:45], labels[:45], NAMES, test=(images[45:], labels[45:]))


def train(data: Data | str, out: Path, **options: object) -> Trained:
    given = {"model": "resnet8", "epochs": 2, "precision": "float32", "workers": 1}
    return train_teacher(data, out, **(given | {"work": out.parent / "work"} | options))


def test_a_teacher_is_its_weights_and_what_made_them(data, tmp_path):
    made = train(data, tmp_path / "t")
    assert sorted(p.name for p in (tmp_path / "t").iterdir()) == ["teacher.json", "weights.pt"]
    assert read_trained(tmp_path / "t") == replace(made, recipe=json.loads(json.dumps(made.recipe)))
    weights = (tmp_path / "t/weights.pt").read_bytes()
    assert made.weights_sha256 == hashlib.sha256(weights).hexdigest()
    assert made.weights_bytes == len(weights)
    assert (made.model, made.classes, made.size, made.fit) == ("resnet8", NAMES, 8, "squash")
    assert (made.epochs, made.seed, made.recipe["epochs"]) == (2, 0, 2)
    assert made.recipe | {"epochs": 30} == {
        "name": "teacher-v1", "batch": 128, "epochs": 30, "optimizer": "sgd", "rate": 0.1,
        "weight_decay": 5e-4, "momentum": (0.9, 0.0),
    }  # fmt: skip
    assert made.view == "canvas(scale=(0.25, 1.0), ratio=(0.75, 1.3333333333333333), flip=0.5)"
    assert made.source == {
        "given": data.name, "fingerprint": data.fingerprint, "images": 45,
        "held_out": data.held_out,
    }  # fmt: skip
    assert made.mean == (0.485, 0.456, 0.406)
    assert not [p for p in (tmp_path / "work").rglob("*") if "teachers" in p.parts and p.is_file()]


def test_the_loaded_teacher_has_the_accuracy_that_it_was_measured_with(data, tmp_path):
    made = train(data, tmp_path / "t", size=12)
    teacher = load_teacher(str(tmp_path / "t"), classes=NAMES, size=12)
    test = pixel_cache(data.test, 12, view="test", work=None, workers=1)
    here = Machine("cpu", "float32", 1)
    found = accuracy(teacher.network, test, data.test.labels, classes=3, machine=here)
    assert (found.top1, tuple(found.per_class)) == (made.top1, made.per_class)
    assert math.isclose(np.mean(made.per_class), made.top1)


def test_the_same_call_gives_the_same_bytes_and_another_seed_others(data, tmp_path):
    one, same = train(data, tmp_path / "a"), train(data, tmp_path / "b")
    assert one == same
    others = [
        train(data, tmp_path / "c", seed=1),
        train(data, tmp_path / "d", epochs=3),
        train(data, tmp_path / "e", model="resnet8(shortcut=a)"),
    ]
    assert len({one.weights_sha256, *(other.weights_sha256 for other in others)}) == 4


class Killed(BaseException):
    """As a lost machine would end the run."""


def killed_in(stage: str, after: int):
    def told(now: str, done: int, total: int) -> None:
        if now == stage and done >= after:
            raise Killed

    return told


@pytest.mark.parametrize(("stage", "after", "left"), [("train", 90, 1), ("test", 1, 0)])
def test_a_killed_run_leaves_no_output_and_goes_on_to_the_same_weights(
    stage, after, left, data, tmp_path
):
    whole = train(data, tmp_path / "whole")
    # Told of 90 images the first epoch is whole and the second not recorded yet.
    with pytest.raises(Killed):
        train(data, tmp_path / "t", progress=killed_in(stage, after))
    assert not (tmp_path / "t").exists()
    assert not list(tmp_path.glob(".t*"))
    steps: list[str] = []
    again = train(data, tmp_path / "t", progress=lambda now, *_: steps.append(now))
    assert steps.count("train") == left
    assert again == whole


def test_a_changed_fact_does_not_go_on_from_another_runs_state(data, tmp_path):
    with pytest.raises(Killed):
        train(data, tmp_path / "t", progress=killed_in("test", 1))
    for options in ({"seed": 1}, {"epochs": 3}, {"size": 9}, {"fit": "crop"}):
        steps: list[str] = []
        train(
            data,
            tmp_path / f"{options}",
            progress=lambda now, *_, steps=steps: steps.append(now),
            **options,
        )
        assert "train" in steps


def test_a_teacher_may_start_from_weights(data, tmp_path):
    first = train(data, tmp_path / "t")
    file = tmp_path / "t/weights.pt"
    made = train(data, tmp_path / "more", model=f"resnet8(weights={file}, mean=(0, 0.5, 0.1))")
    assert made.mean == (0.0, 0.5, 0.1)
    assert made.weights_sha256 != first.weights_sha256
    file.unlink()  # the folder holds all that it needs
    assert load_teacher(str(tmp_path / "more"), classes=NAMES, size=8).network(
        torch.rand(1, 3, 8, 8)
    ).shape == (1, 3)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"model": "resnet9"}, ValueError, "there is no model 'resnet9'. Did you mean"),
        ({"model": "resnet8(weights=no.pt)"}, FileNotFoundError,
         "there is no weights file 'no.pt'"),
        ({"recipe": "teacher-v2"}, ValueError,
         "there is no recipe 'teacher-v2'. Did you mean 'teacher-v1'? Known: teacher-v1."),
        ({"epochs": 0}, ValueError, "epochs=0 is too small. Give passes over the data"),
        ({"epochs": 10**12}, ValueError, "epochs=1000000000000 is too large. Give passes over"),
        ({"seed": -1}, ValueError, "seed=-1 is too small"),
        ({"size": 0}, ValueError, "size=0 is too small"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_any_training(
    options, error, said, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(TRAIN, "train_kept", None)
    with pytest.raises(error, match=re.escape(said)):
        train(data, tmp_path / "t", **options)
    assert not (tmp_path / "t").exists()


def test_an_output_that_exists_is_refused(data, tmp_path):
    (tmp_path / "t").mkdir()
    with pytest.raises(FileExistsError, match="exists already, and nothing is overwritten"):
        train(data, tmp_path / "t")
