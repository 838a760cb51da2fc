"""The sha256 of facts and of files, and smallset's version."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def fingerprint(facts: object) -> str:
    """Return the sha256, in hex, of facts as JSON. The order of keys does not matter."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256, in hex, of a file's bytes. Raises OSError if the file cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def smallset_version() -> str:
    """Return the installed version of smallset, or "unknown" if it is not installed."""
    try:
        return version("smallset")
    except PackageNotFoundError:
        return "unknown"
