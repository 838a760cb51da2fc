"""The runs of the toy's observers."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> Path:
    """A folder in which each of the toy's runs is trained once for all tests."""
    return tmp_path_factory.mktemp("work")
