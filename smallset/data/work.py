"""The work folder, which keeps caches, indexes and observers for later runs."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from smallset.files import write_whole
from smallset.fingerprint import fingerprint


def check_work(work: Path) -> None:
    """Make the work folder if it is missing. Raises OSError if it cannot be made or written."""
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failure(work, f"cannot be made ({error.strerror})") from error
    if not os.access(work, os.W_OK | os.X_OK):
        raise _failure(work, "is read-only for you")


@contextmanager
def keeping(work: Path) -> Iterator[None]:
    """Turn the system's error for a full disk into a clear OSError that names the work folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            f"The work folder {str(work)!r} cannot take more: the disk is full. What was finished "
            "there is kept. Free some space, or choose a folder on another disk with --work DIR."
        ) from error


def kept_number(
    work: Path, folder: str, name: str, facts: Mapping[str, object], measure: Callable[[], float]
) -> float:
    """Return a measured number, which is kept in a file of `work`/`folder`.

    The name of the file is a hash of `facts`, and its field `name` holds the number. If there is no
    such file, or if it is damaged, `measure` the number and write the file.
    """
    file = work / folder / f"{fingerprint(facts)[:24]}.json"
    kind = msgspec.defstruct("Kept", [(name, float)])  # the other fields are for people
    with suppress(OSError, msgspec.MsgspecError):
        return float(getattr(msgspec.json.decode(file.read_bytes(), type=kind), name))
    number = measure()
    with keeping(work):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, (json.dumps({**facts, name: number}, indent=1) + "\n").encode())
    return number


def _failure(work: Path, what: str) -> OSError:
    return OSError(
        f"The work folder {str(work)!r} {what}. Needed a folder to keep indexes and decoded pixels "
        "in. Choose another with --work DIR."
    )
