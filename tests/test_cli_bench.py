"""`smallset bench` as typed: what it says of a matrix, and its errors."""

import re

import pytest
from cli_toy import Shell, refused, tree
from serial_toy import Serial

from smallset.bench import forecast

MATRIX = """title = "Toy"

[methods]
random = "random"

[[table]]
title = "one"
data = "toy"
size = 8
ipc = [1]
students = ["resnet8"]
methods = ["random"]
replicates = 2

[[table]]
title = "two"
data = "missing"
size = 8
ipc = [1]
students = ["resnet8"]
methods = ["random"]
replicates = 1
"""


@pytest.fixture
def shell(shell) -> Shell:
    tree(shell.root / "data" / "toy")
    (shell.root / "m.toml").write_text(MATRIX)
    return shell


def test_dry_run_says_what_is_shared_how_long_and_what_that_rests_on(shell, monkeypatch):
    monkeypatch.setattr(forecast, "measured_rate", lambda *_: 0.01)
    ran = shell("bench", "m.toml", "runs", "--data", "data", "--only", "one", "--dry-run",
                "--workers", 2)  # fmt: skip
    assert ran.code == 0, ran.err
    said = ran.out.splitlines()
    assert said[:2] == [
        "toy: 24 training images of 3 classes (ape, bee, cow)",
        "held out: 6 images, test split of the source",
    ]
    said = said[2:]
    assert said[:6] == [
        "Toy: 2 cells",
        "  one: 2 cells, 0 done",
        "    ipc 1, resnet8, hard, small-v1: random 0/2",
        "  two: its data 'missing' is not here",
        "shared: 1 pixels -> 2 sets -> 2 cells",
        "to do: 1 pixels -> 2 sets -> 2 cells",
    ]
    # 2 epochs of 3 images and a third of 6 test images, twice, at 0.01 images/s, in 2 processes
    assert said[6].startswith(
        "about 13 min in 2 processes, besides starting, decoding and drawing; up to "
    )
    assert said[7] == "  from a few steps measured here: resnet8 at 8 px, batch 3"
    assert not (shell.root / "runs").exists()


def test_run_says_each_finished_unit_and_what_was_not_asked_for(shell, monkeypatch):
    run = "smallset.parallel.here.Here.run"
    monkeypatch.setattr(run, lambda _, tasks: Serial().run(tasks))
    ran = shell("bench", "m.toml", "runs", "--data", "data", "--only", "one")
    assert ran.code == 0, ran.err
    said = ran.out.splitlines()
    assert said[-1] == "finished: runs/results.jsonl"
    assert len([line for line in said if "/5  " in line]) == 5
    assert "  set toy 8 px, random, ipc 1, seed 0" in ran.out
    assert max(map(len, said)) < 100
    assert re.search(
        r"^5/5  toy, 8 px, random, ipc 1, resnet8, seed 1: top-1 \d+\.\d\d %, \d+ s, 0 s left$",
        ran.out,
        re.M,
    )
    again = shell("bench", "m.toml", "runs", "--data", "data", "--only", "one")
    assert "to do: nothing" in again.out
    asked = shell("bench", "m.toml", "runs", "--data", "data", "--only", "one", "--dry-run")
    assert "    ipc 1, resnet8, hard, small-v1: random 2/2\n" in asked.out
    mine, old = (shell.root / "runs" / "results.jsonl").read_text().splitlines()
    (shell.root / "r.jsonl").write_text(
        mine + "\n" + re.sub('"numpy": "[^"]*"', '"numpy": "1"', old)
    )
    other = shell("bench", "m.toml", "other", "--data", "data", "--only", "one", "--dry-run",
                  "--known", "r.jsonl")  # fmt: skip
    assert other.out.splitlines()[:2] == [
        "reused 1 results of other runs",
        "did not reuse 1 results of other runs, made by numpy 1",
    ]


def test_watching_runs_nothing_and_takes_no_option_of_a_run(shell):
    refused(shell("bench", "demo", "no", "--watch"), "there is no run folder 'no' to watch")
    ran = shell("bench", "demo", "no", "--watch", "--dry-run")
    refused(ran, "--watch runs nothing, so --dry-run cannot be combined")
