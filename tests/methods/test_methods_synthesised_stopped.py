"""Syntheses that a kill or a full disk stops: nothing half-written, and what is finished stays."""

import errno
import io
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from cli_toy import Shell, contents, refused, tree
from scores_toy import weights

from smallset import files
from smallset.synthesis import crops, recovered

PACKAGE = Path(__file__).parents[2]
GIVEN = "resnet8(weights=w.pt, classes=same)"
SRE2L = f"sre2l(observer={GIVEN}, iterations=300)"


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys) -> Shell:
    shell = Shell(tmp_path, monkeypatch, capsys)
    tree(shell.root / "data")
    weights(Path("w.pt"), classes=3)
    return shell


def counted(monkeypatch) -> list[int]:
    """Count the batches that are made from now on."""
    made, whole = [], recovered.recover
    monkeypatch.setattr(recovered, "recover", lambda *a, **k: (made.append(1), whole(*a, **k))[1])
    return made


def compress(shell: Shell, out: Path, method: str = SRE2L, work: Path | None = None):
    return shell("compress", "data", out, "--ipc", 3, "--method", method, "--workers", 1,
                 "--precision", "float32", "--work", work or shell.work)  # fmt: skip


def test_a_killed_command_goes_on_at_the_next_batch(shell, monkeypatch):
    command = ["compress", "data", str(shell.outs / "set"), "--ipc", "3", "--method", SRE2L,
               "--workers", "1", "--precision", "float32", "--work", str(shell.work)]  # fmt: skip
    running = subprocess.Popen(
        [sys.executable, "-m", "smallset", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(PACKAGE), "OMP_NUM_THREADS": "1"},
    )
    try:
        while running.poll() is None and not list(shell.work.glob("parts/*/rows-*.npy")):
            time.sleep(0.02)
    finally:
        running.kill()
    running.wait()
    assert not (shell.outs / "set").exists()
    kept = len(list(shell.work.glob("parts/*/rows-*.npy")))
    assert kept in (1, 2)
    made = counted(monkeypatch)
    assert compress(shell, shell.outs / "set").code == 0
    assert len(made) == 3 - kept
    assert compress(shell, shell.outs / "fresh", work=shell.root / "other").code == 0
    records = [(shell.outs / name / "plan.parquet").read_bytes() for name in ("set", "fresh")]
    assert records[0] == records[1]
    assert shell("verify", shell.outs / "set").code == 0


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullFile(io.FileIO):
    """A file on a full disk."""

    write = no_room


def full_at(call: int, names: str):
    """Return a `replacing` whose disk is full at one call for a file of such a name."""
    calls = []

    @contextmanager
    def replacing(path):
        calls.extend([1] if path.match(names) else [])
        if len(calls) == call and path.match(names):
            with files.unfinished(path) as part, io.BufferedWriter(FullFile(part, "w")) as file:
                yield file
        else:
            with whole(path) as file:
                yield file

    whole = files.replacing
    return replacing


FULL = "cannot take more: the disk is full. What was finished there is kept. Free some space"


@pytest.mark.parametrize("disk", ["work", "output"])
def test_a_full_disk_keeps_the_finished_batches(shell, monkeypatch, disk):
    method = f"sre2l(observer={GIVEN}, iterations=2)"
    with monkeypatch.context() as patch:
        if disk == "work":
            patch.setattr(files, "replacing", full_at(2, "rows-*.npy"))
        else:
            patch.setattr(import_module("smallset.store.write"), "write_file", no_room)
        said = FULL if disk == "work" else "/set' cannot be written: the disk is full"
        refused(compress(shell, shell.outs / "set", method), said)
    assert contents(shell.outs) == []
    made = counted(monkeypatch)
    assert compress(shell, shell.outs / "set", method).code == 0
    assert len(made) == 2


def test_a_full_work_folder_keeps_the_crops_of_finished_classes(shell, monkeypatch):
    method = f"rded(observer={GIVEN})"
    with monkeypatch.context() as patch:
        patch.setattr(files, "replacing", full_at(2, "class-*.npy"))
        refused(compress(shell, shell.outs / "set", method), FULL, "--work DIR")
    assert contents(shell.outs) == []
    whole, again = crops._losses, []
    monkeypatch.setattr(crops, "_losses", lambda *a: (again.append(a[1].label), whole(*a))[1])
    assert compress(shell, shell.outs / "set", method).code == 0
    assert again == [1, 2]
