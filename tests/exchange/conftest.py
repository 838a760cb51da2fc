"""A set whose class folders begin with numbers: see `set_toy`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from set_toy import NUMBERED, make_dataset, make_plan, write

from smallset.store import CompressedDataset


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., CompressedDataset]:
    def make(codec: str = "png", factor: int = 2, **sizes: int) -> CompressedDataset:
        plan, dataset = make_plan(factor=factor, **sizes), make_dataset(NUMBERED)
        return write(plan, dataset, tmp_path / "made", codec)

    return make


@pytest.fixture
def made(make: Callable[..., CompressedDataset]) -> CompressedDataset:
    """A set of mosaics of four images each."""
    return make()
