"""The command tune, on few digits in this process."""

from functools import partial

import pytest
from cli_toy import refused
from serial_toy import Serial
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from smallset.bench.run import run_bench

QUICK = ("--method", "random", "--codec", "png", "--codec", "webp:50", "--steps", 4)


@pytest.fixture
def tune(shell, monkeypatch):
    digits = load_digits()
    few = Bunch(images=digits.images[:200], target=digits.target[:200])
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda: few)

    def here(request, **options):
        return run_bench(request, **options | {"workers": Serial()})

    monkeypatch.setattr("smallset.tuning.tune.run_bench", here)
    return partial(shell, "tune", "digits", "made", "--workers", 1)


def test_it_says_the_cost_prints_the_frontier_and_writes_the_set(shell, tune):
    ran = tune("--budget", "bytes=4kB", *QUICK)
    assert ran.code == 0, ran.err
    for words in (
        "images, 20 % of each class of the training images, chosen by content hash",
        "2 candidates for bytes=4kB",
        "rung 1: 2 candidates, 4 steps, 3 draws of each",
        "6 of 6 students (convnet-d3) to train, about ",
        "top-1  students  steps   images        bytes  candidate",
        "%         3      4 ",
        "random as webp:50\n",
        "top-1 of convnet-d3 on 20 % of each class of the training images",
        "the best minus the second: +",
        "wrote made: ",
        "budget: ",
    ):
        assert words in ran.out, words
    assert (shell.root / "made-tuning/results.jsonl").read_text().count("\n") == 6
    refused(tune("--budget", "bytes=4kB", *QUICK), "'made' exists already")


def test_a_dry_run_lists_the_candidates_and_changes_nothing(shell, tune):
    ran = tune("--budget", "bytes=1.2kB", *QUICK, "--dry-run")
    assert ran.code == 0, ran.err
    assert "  random as webp:50" in ran.out
    assert "  left out, as one image of each class takes" in ran.out
    assert "1 candidate for bytes=1.2kB\n" in ran.out
    assert "rung 1: 1 candidate, 4 steps, 3 draws of each\n" in ran.out
    assert "3 of 3 students" in ran.out
    assert "with the observers, besides starting, decoding and drawing\n" in ran.out
    assert list(shell.root.iterdir()) == []


def test_a_codec_is_shown_once_beside_the_method_as_it_was_typed(tune):
    method = "pack(select=random)"
    words = ("--method", method, "--codec", "webp:50", "--codec", "webp:20", "--steps", 1)
    ran = tune("--budget", "bytes=4kB", *words, "--dry-run")
    assert ran.code == 0, ran.err
    assert f"  {method} as webp:50\n  {method} as webp:20\n" in ran.out
    ran = tune("--budget", "bytes=4kB", *words)
    assert ran.code == 0, ran.err
    assert f" %: {method}, webp:20, " in ran.out
    assert "codec=" not in ran.out


def test_the_frontier_shows_the_steps_that_students_took(tune):
    words = ("--method", "random", "--codec", "webp:50", "--steps", 1)
    ran = tune("--budget", "bytes=20kB", *words)
    assert ran.code == 0, ran.err
    assert "rung 1: 1 candidate, 1 step, 3 draws of each\n" in ran.out
    assert " images, 3 steps\n" in ran.out
    assert "%         3      3      1" in ran.out


def test_a_candidate_whose_draw_does_not_fit_is_named(tune, monkeypatch):
    monkeypatch.setattr("smallset.tuning.candidates._least_bytes", lambda *_, **__: 0)
    ran = tune("--budget", "bytes=1.2kB", *QUICK)
    assert ran.code == 0, ran.err
    assert "dropped out, as one image of each class took more than the budget: random as png" in (
        ran.out
    )


def test_what_cannot_be_tuned_is_refused_in_one_line(tune):
    refused(tune("--budget", "ipc=10"), "ipc=10 was given", "bytes=230kB")
    refused(tune("--budget", "bytes=4kB", "--method", "randm"), "randm")
