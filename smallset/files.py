"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def at_home(path: str | Path) -> Path:
    """Return a path with a leading ~ as a home folder; unlike `Path`, leave one of nobody alone."""
    return Path(os.path.expanduser(path))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write, which then takes the place of `path`: whole and on the disk, or not.

    Until then it stands beside `path`, under a hidden name that says `.partial-` and the process.
    """
    part = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
