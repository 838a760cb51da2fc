"""Write a large file whole or not at all: space checked first, renamed into place at the end."""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np


class CacheFile:
    """A file under construction; leaving the `with` block without an error puts it in place.

    It is written, not mapped: a disk that fills up is then an error and not a dead process.
    Raises OSError naming the bytes needed and free, the folder, and the ways out.
    """

    def __init__(self, path: Path, needed: int) -> None:
        self._path, self._needed = path, needed

    def __enter__(self) -> "CacheFile":
        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < self._needed:
                raise self._failure("too little space")
            handle, self._partial = tempfile.mkstemp(prefix=".partial-", dir=folder)
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise self._failure(f"cannot be written: {error.strerror}") from error
        self._file = os.fdopen(handle, "wb", buffering=0)
        return self

    def append(self, block: np.ndarray) -> None:
        """Write an array's bytes."""
        try:
            rest = np.ascontiguousarray(block).data.cast("B")
            while rest:  # an unbuffered write may take only a part
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._failure(f"writing failed: {error.strerror}") from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None:
            os.replace(self._partial, self._path)
        else:
            os.unlink(self._partial)

    def _failure(self, why: str) -> OSError:
        folder = self._path.parent
        at = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(at).free
        return OSError(
            f"The decoded-pixel cache needs {self._needed:,} bytes in {str(folder)!r}, where "
            f"{free:,} are free ({why}). Choose another folder with --work DIR, or decode on "
            "demand with --cache none."
        )
