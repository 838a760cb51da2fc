"""A finished run of the toy matrix, to look at and to copy."""

import contextlib
import shutil
from pathlib import Path

import pytest
from bench_toy import ask
from serial_toy import Serial

from smallset.bench.run import Finished, run_bench


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> tuple[Path, list[Finished]]:
    """Run the toy matrix in one process, once for all tests, which only read it."""
    root = tmp_path_factory.mktemp("finished")
    units: list[Finished] = []
    with contextlib.chdir(root):
        run_bench(ask(root), workers=Serial(), told=units.append)
    return root, units


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    """Work in the test's own folder, where the toy student's weights are."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def root(finished, tmp_path) -> Path:
    """A copy of the finished run, to change."""
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    return tmp_path
