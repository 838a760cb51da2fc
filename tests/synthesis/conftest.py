from pathlib import Path

import pytest
from scores_toy import toy
from synthesis_toy import resnet8

from smallset.models import Network
from smallset.observers.observed import Observed


@pytest.fixture
def seen(tmp_path: Path) -> Observed:
    """The toy data, with what rests on them in `tmp_path`."""
    return toy(tmp_path)


@pytest.fixture
def network(seen: Observed, tmp_path: Path) -> Network:
    """The network of the toy's observer."""
    return seen.network(resnet8(tmp_path), epoch=1)
