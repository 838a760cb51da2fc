import pytest
from scores_toy import toy

from smallset.scores import Observed


@pytest.fixture(scope="session")
def seen(tmp_path_factory) -> Observed:
    """The toy data with one work folder for all tests, so that observers train once."""
    return toy(tmp_path_factory.mktemp("observers"))
