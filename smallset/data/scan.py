"""Read, hash and decode every image of a split once."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smallset.data.decode import BadImage, measure, misnamed
from smallset.data.source import RawSplit
from smallset.data.threads import ordered, thread_count
from smallset.numbers import counted, listed
from smallset.records import Progress
from smallset.shapes import Int32, Int64, Shaped

_CHUNK = 64
_NAMED = 5
"""At most this many misnamed files are listed."""


@dataclass(frozen=True, eq=False)
class Scan:
    """The good rows of a split, in row order, and the bad ones as (id, reason).

    `content` is the sha256 of the encoded bytes, and `entry` the sha256 of split, class, name and
    content. `misnamed` counts the good rows whose extension promises another format, and names the
    first ones. `lasting` is False if a row could not be read, but may be readable the next time.
    The arrays are in scratch files if the scan was given a folder.
    """

    labels: Int64[np.ndarray, " n"]
    rows: Int64[np.ndarray, " n"]
    sizes: Int32[np.ndarray, "n 2"]
    encoded_bytes: Int64[np.ndarray, " n"]
    content: Shaped[np.ndarray, " n"]
    entry: Shaped[np.ndarray, " n"]
    bad: tuple[tuple[str, str], ...]
    misnamed: tuple[int, tuple[str, ...]]
    lasting: bool


_COLUMNS = {
    "labels": "i8", "rows": "i8", "sizes": "2i4", "encoded_bytes": "i8", "content": "S32",
    "entry": "S32",
}  # fmt: skip
"""The type of an image's entry in each array of a `Scan`."""


class _Row(NamedTuple):
    row: int
    name: str
    content: bytes = b""
    size: tuple[int, int] = (0, 0)
    encoded_bytes: int = 0
    reason: str = ""
    misnamed: bool = False
    unread: bool = False


def scan(
    split: RawSplit,
    classes: tuple[str, ...],
    *,
    scratch: Path | None,
    workers: int,
    progress: Progress | None,
) -> Scan:
    """Read and decode every row of a split in threads.

    If `scratch` is a folder, the arrays are mapped files there, and memory stays constant.
    Bad rows are collected instead of raised, so that one message can name them all.
    """
    total, labels = len(split.rows), split.labels()
    columns = {
        name: _column(total, kind, scratch and scratch / f"{split.name}.{name}")
        for name, kind in _COLUMNS.items()
    }
    bad: list[tuple[str, str]] = []
    odd, first_odd = 0, []
    good = done = 0
    lasting = True
    for chunk in _measured(split, workers):
        for row in chunk:
            lasting = lasting and not row.unread
            if row.reason:
                bad.append((row.name, row.reason))
                continue
            if row.misnamed:
                odd += 1
                first_odd += [row.name] if odd <= _NAMED else []
            label = int(labels[row.row])
            entry = f"{split.name}\0{classes[label]}\0{row.name}\0".encode() + row.content
            hashed = hashlib.sha256(entry).digest()
            values = (label, row.row, row.size, row.encoded_bytes, row.content, hashed)
            for column, value in zip(columns.values(), values, strict=True):
                column[good] = value
            good += 1
        done += len(chunk)
        if progress is not None:
            progress(f"index {split.name}", done, total)
    arrays = {name: column[:good] for name, column in columns.items()}
    return Scan(**arrays, bad=tuple(bad), misnamed=(odd, tuple(first_odd)), lasting=lasting)


def refuse_bad(where: str, bad: Sequence[tuple[str, str]]) -> None:
    """Raise ValueError if there are `bad` files, as (id, reason). `where` begins the message."""
    if bad:
        named = "; ".join(f"{identity!r} {reason}" for identity, reason in bad[:5])
        more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ValueError(
            f"{where} has {counted(len(bad), 'bad file')}: {named}{more}. Every file must be an "
            "image that decodes. Repair or remove them, or go on without them: --skip-bad "
            "(skip_bad=True)."
        )


def refuse_empty_classes(
    where: str,
    found: Scan,
    classes: Sequence[str],
    *,
    or_else: str = "remove the class everywhere",
) -> None:
    """Raise ValueError if a class has no good image.

    `where` begins the message. `or_else` ends it, and says what to do instead of adding images.
    """
    counts = np.bincount(found.labels, minlength=len(classes))
    empty = [name for name, count in zip(classes, counts, strict=True) if not count]
    if empty:
        left = f" after leaving out {counted(len(found.bad), 'bad file')}" if found.bad else ""
        raise ValueError(
            f"{where} has no image of the class(es) {listed(empty)}{left}. Every class "
            f"needs images in it. Add some, or {or_else}."
        )


def _measured(split: RawSplit, workers: int) -> Iterator[list[_Row]]:
    """Yield the measured rows in order, in chunks."""
    rows = range(len(split.rows))
    threads = thread_count(workers, mean_bytes=_mean_bytes(split))
    chunks = (rows[start : start + _CHUNK] for start in rows[::_CHUNK])
    with warnings.catch_warnings():
        # Pillow warns of large or odd files without their names. The scan reports them by name.
        warnings.filterwarnings("ignore", module="PIL")
        yield from ordered(
            lambda chunk: [_measure_row(split, row) for row in chunk], chunks, threads=threads
        )


def _mean_bytes(split: RawSplit) -> float:
    """Estimate the mean size of an encoded image from about 16 of them."""
    total, sizes = len(split.rows), []
    for row in range(0, total, max(1, total // 16)):
        try:
            sizes.append(len(split.rows.read(row)))
        except (BadImage, OSError):
            continue  # the scan itself will name this row
    return sum(sizes) / max(1, len(sizes))


def _measure_row(split: RawSplit, row: int) -> _Row:
    name = split.rows.name(row)
    try:
        data = split.rows.read(row)
        odd = split.check_names and misnamed(name, data)
        size = measure(data)
    except BadImage as error:
        return _Row(row, name, reason=str(error))
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        return _Row(row, name, reason=reason, unread=True)
    content = hashlib.sha256(data).digest()
    return _Row(row, name, content, size, len(data), misnamed=odd)


def _column(total: int, kind: str, path: Path | None) -> np.ndarray:
    """Allocate an array in memory, or mapped from a new file."""
    if path is None or total == 0:
        return np.empty(total, kind)
    size, zeros = total * np.dtype(kind).itemsize, bytes(1 << 16)
    # On a full disk, writing zeros is an error. A hole in a mapped file would kill Python.
    with path.open("wb") as file:
        for start in range(0, size, len(zeros)):
            file.write(zeros[: size - start])
    return np.memmap(path, kind, "r+", shape=(total,))
