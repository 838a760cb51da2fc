"""Ctrl-C, full and read-only disks, diverging losses: nothing half-written, and a way to go on."""

import errno
import importlib
import os
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cli_toy import QUICK, contents, hear_interrupts, refused, results

from smallset import data
from smallset.evidence import lines as results_file
from smallset.train import loop, run

STOPPED = "Error: stopped. Finished work is kept. Run the same command again to go on from there.\n"
Space = namedtuple("Space", "total used free")
PACKAGE = Path(__file__).parents[1]
WRITE = importlib.import_module("smallset.store.write")
DRAW = importlib.import_module("smallset.store.canvases")
TABLE = importlib.import_module("smallset.scores.table")
CHOOSE = importlib.import_module("smallset.pipeline.job")
pytestmark = pytest.mark.usefixtures("data")


def raises(error: BaseException, *, at_call: int = 1, then: Callable[..., object] | None = None):
    """Return a function that raises at a call and otherwise does `then`."""
    calls = [0]

    def call(*arguments: object, **options: object) -> object:
        calls[0] += 1
        if calls[0] == at_call:
            raise error
        return then(*arguments, **options) if then else None

    return call


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("place", ["index", "decode", "train", "record", "lay out", "write"])
def test_ctrl_c_leaves_nothing_and_the_same_command_completes(shell, monkeypatch, place):
    stop, out = KeyboardInterrupt(), shell.outs / "set"
    with monkeypatch.context() as patch:
        if place == "index":
            patch.setattr(CHOOSE, "open_any", raises(stop))
        elif place == "decode":
            patch.setattr(data.cache, "view_square", raises(stop))
        elif place == "train":
            patch.setattr(loop.F, "cross_entropy", raises(stop))
        elif place == "record":
            patch.setattr(run, "write_whole", raises(stop))
        elif place == "lay out":
            patch.setattr(CHOOSE, "made_from", raises(stop))
        else:
            patch.setattr(DRAW, "render", raises(stop, at_call=2, then=DRAW.render))
        ran = shell.compress("data", out, "--method", QUICK)
    assert (ran.code, results(ran.out), ran.err) == (130, "", STOPPED)
    assert contents(shell.outs) == []
    assert not [p for p in shell.work.rglob("*partial*") if p.is_file()]
    assert shell.compress("data", out, "--method", QUICK).code == 0
    assert shell("verify", out).code == 0


def test_ctrl_c_before_a_command_is_silent(shell, monkeypatch):
    monkeypatch.setattr("smallset.fingerprint.smallset_version", raises(KeyboardInterrupt()))
    ran = shell("--version")
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "")


def test_ctrl_c_between_students_keeps_the_finished_ones(shell, monkeypatch):
    assert shell.compress("data", "set", "--method", "random").code == 0
    with monkeypatch.context() as patch:
        stopping = raises(KeyboardInterrupt(), at_call=2, then=loop.fit)
        patch.setattr(loop, "fit", stopping)
        ran = shell.evaluate("set", "data", "--seeds", 3)
    assert (ran.code, ran.err) == (130, STOPPED)
    assert "student 0: top-1" in ran.out
    assert len(Path("results.jsonl").read_text().splitlines()) == 1
    trained = []
    monkeypatch.setattr(loop, "fit", counting(loop.fit, trained))
    assert shell.evaluate("set", "data", "--seeds", 3).code == 0
    assert len(trained) == 2


def counting(call: Callable[..., object], calls: list[int]) -> Callable[..., object]:
    def counted(*arguments: object, **options: object) -> object:
        calls.append(1)
        return call(*arguments, **options)

    return counted


def test_ctrl_c_stops_a_process_in_the_middle_of_scoring(shell):
    command = [sys.executable, "-m", "smallset", "compress", "data", str(shell.outs / "set"),
               "--ipc", "1", "--work", str(shell.work), "--method",
               "el2n(observer=observer(epochs=100000))"]  # fmt: skip
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PACKAGE), "OMP_NUM_THREADS": "1"},
        preexec_fn=hear_interrupts,
    )
    try:
        while running.poll() is None and not list(shell.work.glob("observers/*/state.pt")):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, err
    assert err.endswith(STOPPED)
    assert "Traceback" not in err
    assert results(out) == ""
    assert contents(shell.outs) == []
    assert not [p for p in shell.work.rglob("*partial*") if p.is_file()]


def test_a_full_disk_at_the_output_says_so(shell, monkeypatch):
    assert shell.compress("data", "set", "--method", "random").code == 0
    monkeypatch.setattr(WRITE, "write_file", full)
    monkeypatch.setattr(TABLE.pq, "write_table", full)
    ran = shell.compress("data", shell.outs / "set", "--method", "random")
    refused(ran, "/set' cannot be written: the disk is full. Nothing was left behind. Free some")
    out = shell.outs / "scores.parquet"
    ran = shell("score", "data", out, "--scores", "el2n(epochs=1, observer=observer(epochs=1))")
    refused(ran, "/scores.parquet' cannot be written: the disk is full")
    monkeypatch.setattr("PIL.Image.Image.save", full)
    refused(shell("show", "set", "--out", shell.outs / "a.png"), "/a.png' cannot be written: the")
    assert contents(shell.outs) == []


def test_a_full_disk_at_the_work_folder_says_so(shell, monkeypatch):
    kept = "' cannot take more: the disk is full. What was finished there is kept. Free some"
    cache = "decoded-pixel cache needs"
    for place, said in (("data.index.write_parts", kept), ("files.os.fsync", cache)):
        with monkeypatch.context() as patch:
            patch.setattr(f"smallset.{place}", full)
            refused(shell.compress("data", shell.outs / "set", "--method", QUICK), said, "--work")
    with monkeypatch.context() as patch:
        patch.setattr("smallset.data.cache.shutil.disk_usage", lambda _: Space(1, 1, 0))
        ran = shell.compress("data", shell.outs / "set", "--method", QUICK, "--size", 9)
        refused(ran, "decoded-pixel cache needs 5,832 bytes", "0 are free", "--cache none")
    assert contents(shell.outs) == []
    assert not list(shell.work.rglob("*partial*"))


def test_a_full_disk_at_the_results_leaves_them_as_they_were(shell, monkeypatch):
    assert shell.compress("data", "set", "--method", "random").code == 0
    assert shell.evaluate("set", "data", "--seeds", 1).code == 0
    before = Path("results.jsonl").read_bytes()
    monkeypatch.setattr(results_file.os, "fsync", full)
    ran = shell.evaluate("set", "data", "--seeds", 2)
    assert ran.code == 1
    assert "Error: the result cannot be added to 'results.jsonl' (No space left" in ran.err
    assert Path("results.jsonl").read_bytes() == before


@pytest.mark.parametrize("what", ["outs", "cache", "results.jsonl"])
def test_what_is_read_only_is_refused_before_any_work(shell, monkeypatch, what):
    assert shell.compress("data", "set", "--method", "random").code == 0
    Path("results.jsonl").touch()
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda p, m: not (m & os.W_OK and Path(p).name == what) and allowed(p, m)
    )
    monkeypatch.setattr(loop, "fit", None)
    if what == "results.jsonl":
        ran = shell.evaluate("set", "data")
        refused(ran, "results cannot go to 'results.jsonl': it is read-only for you")
    else:
        ran = shell.compress("data", shell.outs / "set", "--method", QUICK)
        refused(ran, "read-only for you", "Choose another")
    assert contents(shell.outs) == []


def test_a_work_folder_that_cannot_be_is_refused(shell):
    Path("file").write_text("x")
    for data_set in ("data", "digits"):
        ran = shell.compress(data_set, shell.outs / "set", "--work", "file/inside")
        refused(ran, "work folder 'file/inside' cannot be made", "with --work DIR")
    assert contents(shell.outs) == []


def test_a_loss_that_diverges_says_where_and_appends_nothing(shell, monkeypatch):
    assert shell.compress("data", "set", "--method", "random").code == 0
    nan = torch.tensor(float("nan"), requires_grad=True)
    monkeypatch.setattr(loop.F, "cross_entropy", lambda *_: nan * 1)
    refused(
        shell.evaluate("set", "data"),
        "the loss became nan in epoch 1 of 2, step 1 of 1 (protocol small-v1)",
        "Try --precision float32",
    )
    assert not Path("results.jsonl").exists()
    refused(shell.compress("data", shell.outs / "set", "--method", QUICK), "the loss became nan")
    assert contents(shell.outs) == []
