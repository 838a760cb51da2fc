"""Names for things by what they are made of: the sha256 of facts, and of a file's bytes."""

import hashlib
import json
from pathlib import Path


def fingerprint(facts: object) -> str:
    """Return the sha256, in hex, of facts that JSON can hold; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256, in hex, of a file's bytes. Raises OSError if the file cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
