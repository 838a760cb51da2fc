"""evaluate() with soft labels, from Python and from the command line."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from cli_toy import Shell, refused
from labels_toy import SPEC, bright_data, bright_images, bright_teacher
from PIL import Image

import smallset
from smallset.data import Data
from smallset.labels import online
from smallset.spec import quoted
from smallset.train import loop

EVALUATE = importlib.import_module("smallset.pipeline.evaluate")


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, tuple[str, ...], int]]:
    """Teachers that know brightness by any name, and a note of what was asked for."""
    calls: list[tuple[str, tuple[str, ...], int]] = []

    def load(spec: str, *, classes: tuple[str, ...], size: int) -> object:
        calls.append((spec, classes, size))
        order = (1, 2, 0) if spec == "blind.pt" else ()
        return bright_teacher(len(classes), spec=spec, order=order)

    monkeypatch.setattr(online, "load_teacher", load)
    monkeypatch.setattr(online, "check_teacher_files", lambda _: None)
    return calls


@pytest.fixture
def data() -> Data:
    return bright_data()


@pytest.fixture
def shell(shell) -> Shell:
    """A shell whose folder holds a source of bright and dark images and a set of it."""
    for split, count in (("train", 6), ("test", 3)):
        labels = np.repeat(np.arange(3), count)
        for i, image in enumerate(bright_images(labels)):
            folder = Path("data") / split / ("dark", "grey", "light")[labels[i]]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{i}.png")
    assert shell.compress("data", "set", "--method", "random").code == 0
    return shell


def test_a_teacher_is_loaded_for_the_classes_and_the_size_of_the_set(data, asked, quick, tmp_path):
    made = smallset.compress(data, tmp_path / "set", method="random", ipc=1, work=tmp_path)

    def evaluate(**options: object) -> list[smallset.Result]:
        return smallset.evaluate(
            made, data, student="resnet8", seeds=2, results=tmp_path / "r.jsonl", work=tmp_path,
            **options,
        )  # fmt: skip

    soft = evaluate(labels="online", teacher=SPEC)
    assert asked == [(SPEC, ("dark", "grey", "light"), 8)]
    assert [(r.labels, r.teacher, r.teacher_top1) for r in soft] == 2 * [
        (f"online(teacher={quoted(SPEC)})", SPEC, 1.0)
    ]
    assert len({r.fingerprint for r in soft + evaluate()}) == 4
    assert len(asked) == 1
    assert evaluate(labels=f"online(teacher={SPEC})") == soft
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 4


def test_the_command_says_what_the_teacher_costs_and_knows(shell, asked):
    ran = shell.evaluate("set", "data", "--labels", "online", "--teacher", SPEC, "--seeds", 1)
    assert ran.code == 0, ran
    assert "student 0, online labels: top-1 " in ran.out
    assert "resnet8 on random, small-v1, online labels\n" in ran.out
    assert "no label bytes, 1,234 teacher bytes\n" in ran.out
    assert f"teacher {SPEC}: top-1 100.00 % on the held-out images\n" in ran.out
    line = json.loads(Path("results.jsonl").read_text())
    assert (line["teacher"], line["cost"]["teacher"]) == (SPEC, 1234)
    assert len(list((shell.work / "teachers").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--labels", "online"), "labels='online' names no teacher"),
        (("--teacher", SPEC), "the teacher 'bright.pt' was given with labels='hard', which uses"),
        (("--labels", "stored"), "the set 'set' has no stored labels of views: needed a store in"),
        (("--protocol", "finetune-v1"), "'finetune-v1' is for a pretrained student, but 'resnet8'"),
    ],
)
def test_labels_that_do_not_fit_are_refused_before_training(shell, asked, monkeypatch, words, said):
    monkeypatch.setattr(loop, "fit", None)
    refused(shell.evaluate("set", "data", *words), said)
    assert asked == []
    assert not Path("results.jsonl").exists()


def test_a_blind_teacher_is_refused_with_its_accuracy(shell, asked, monkeypatch):
    monkeypatch.setattr(loop, "fit", None)
    ran = shell.evaluate("set", "data", "--labels", "online", "--teacher", "blind.pt")
    refused(ran, "the teacher 'blind.pt' has 0.00 % top-1", "33.33 % of chance")
    assert not Path("results.jsonl").exists()


def test_a_teacher_that_is_nowhere_is_refused_before_the_data_is_read(shell, monkeypatch):
    monkeypatch.setattr(EVALUATE, "open_any", None)
    refused(shell.evaluate("set", "data", "--labels", "online", "--teacher", "no.pt"), "'no.pt'")
