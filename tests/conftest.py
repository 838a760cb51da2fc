"""One thread for every test, and the real data where it is at hand."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Leave torch's thread count as one: `machine(workers=...)` changes it for the process."""
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds `cifar10/` and `imagenette-224/`, or a skip that says what to set."""
    folder = Path(os.environ.get("SMALLSET_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "cifar10").is_dir():
        pytest.skip("no real data here: set SMALLSET_DATA to the folder that holds cifar10/")
    return folder


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs a student, a cache folder of our own, and relative paths in the test's folder."""
    # Here and not above: the package must be imported after the shape checks are installed.
    from smallset.train import protocol

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    short = replace(protocol.SMALL_V1, epochs=2)
    monkeypatch.setattr(protocol, "SMALL_V1", short)
    monkeypatch.setitem(protocol.PROTOCOLS, short.name, short)
