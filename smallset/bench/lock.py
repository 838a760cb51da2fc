"""One driver a run folder: a lock that dies with the process that holds it."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK = "driver.lock"


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder.

    The system gives it back however the process ends, so the file may stay. Raises ValueError,
    naming the other driver, where one holds it.
    """
    # Worker processes do not inherit the descriptor, so they cannot keep a dead driver's lock.
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        if not _taken(file):
            file.seek(0)
            other = file.read().strip() or "another process"
            raise ValueError(
                f"'{folder}' is being worked on by {other}. One driver a run folder: wait for it, "
                "stop it, or give another folder."
            )
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield


if sys.platform == "win32":
    import msvcrt

    def _taken(file: IO[str]) -> bool:
        file.seek(1 << 20)  # a locked byte cannot be read, so it lies beyond the text
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _taken(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
