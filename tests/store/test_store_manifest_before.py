"""A set that was written before a budget was a text is read as the same set."""

import json
from pathlib import Path

from smallset.store import open_set, verify
from smallset.store.manifest import MANIFEST

# Made by commit b0f8f91 with keep=0.5, of 12 images of noise. Its card is left out.
BEFORE = Path(__file__).parent / "set_before"


def test_it_is_whole_and_the_same():
    stored = json.loads((BEFORE / MANIFEST).read_text())
    assert stored["asked"] == {"ipc": None, "keep": 0.5, "short": []}
    made = open_set(BEFORE)
    assert (made.digest, made.manifest.budget) == (stored["digest"], "keep=0.5")
    assert made.manifest.to_json() == (BEFORE / MANIFEST).read_text()
    assert verify(BEFORE).files == 6
