"""Few digits, so that a tuning takes seconds."""

import pytest
from sklearn.datasets import load_digits
from sklearn.utils import Bunch


@pytest.fixture
def few(monkeypatch):
    """Let "digits" be the first 300 of them."""
    digits = load_digits()
    first = Bunch(images=digits.images[:300], target=digits.target[:300])
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda: first)
