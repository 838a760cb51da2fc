"""Files and folders that appear whole or not at all."""

import errno
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np


def at_home(path: str | Path) -> Path:
    """Expand a leading ~ to the home folder.

    `Path.expanduser` raises for the ~name of an unknown user. This function leaves it as it is.
    """
    return Path(os.path.expanduser(path))


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`, for a file or folder that the caller then moves to `path`.

    The name contains `.partial-`. What the caller did not move is removed at the end of the block.
    A killed process leaves it on the disk. A later run may remove it, but does not read it.
    """
    part = path.with_name(f".{path.name[:150]}.partial-{secrets.token_hex(4)}")
    try:
        yield part
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write. It replaces `path` only when it is complete and on the disk."""
    with unfinished(path) as part:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file that appears whole or not at all. It replaces an earlier file."""
    with replacing(path) as file:
        file.write(content)


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as an .npy file, as `write_whole` does."""
    buffer = io.BytesIO()  # the error of `np.save` into a file has no `errno`
    np.save(buffer, array)
    write_whole(path, buffer.getbuffer())


def read_array(path: Path, kind: np.dtype | type, shape: tuple[int, ...]) -> np.ndarray | None:
    """Read an .npy file. Return None if it is missing, damaged or of another type or shape."""
    try:
        array: np.ndarray = np.load(path)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.dtype == kind and array.shape == shape else None


def check_output(out: Path) -> None:
    """Raise, before any work is done, if no set can be written to `out`.

    Raises FileExistsError if `out` exists, even as an empty folder. Raises FileNotFoundError,
    NotADirectoryError or PermissionError if its parent is missing, is a file or is read-only.
    """
    if os.path.lexists(out):
        raise FileExistsError(
            f"'{out}' exists already, and nothing is overwritten. Choose another name, or move or "
            f"delete it first."
        )
    parent = out.absolute().parent
    if not parent.exists():
        raise FileNotFoundError(
            f"'{out}' cannot be made, because the folder '{parent}' does not exist. Make it first, "
            f"or choose another place."
        )
    if not parent.is_dir():
        raise NotADirectoryError(
            f"'{out}' cannot be made, because '{parent}' is a file and not a folder. Choose "
            f"another place."
        )
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(
            f"'{out}' cannot be made, because the folder '{parent}' is read-only for you. Choose "
            f"another place."
        )


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside `out` that becomes `out` at the end of the block.

    An error or Ctrl-C in the block removes the folder. Raises the errors of
    `check_output`, and OSError if the disk is full or read-only.
    """
    check_output(out)
    target = out.absolute()
    with unfinished(target) as partial:
        with writing(out):
            partial.mkdir()
        yield partial
        with writing(out):
            for folder in (*(child for child in partial.iterdir() if child.is_dir()), partial):
                _sync(folder)
            # `rename` would replace an empty folder that appeared in the meantime.
            check_output(out)
            partial.rename(target)
        with suppress(OSError):
            # The set is whole already. Only its new name may not survive a power cut.
            _sync(target.parent)


@contextmanager
def writing(
    out: Path, *, left: str = "Nothing was left behind", then: str = "or choose another place"
) -> Iterator[None]:
    """Turn an OSError of the block, such as for a full disk, into one that says what to do.

    The message has `left`, what remains of the work, and ends in `then`, the last part of the
    advice. An error that says what to do already, such as one of `check_output`, stays as it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        reason, advice = error.strerror or str(error), "Mend this"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason, advice = "the disk is full", "Free some space"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            reason, advice = "the folder is read-only", "Make the folder writable"
        raise OSError(f"'{out}' cannot be written: {reason}. {left}. {advice}, {then}.") from error


def write_file(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk. Raises FileExistsError if it exists."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk. Windows cannot, so do nothing there."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
