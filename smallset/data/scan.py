"""Read, hash and decode every image of a split once."""

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smallset.data.decode import BadImage, measure, misnamed
from smallset.data.source import RawSplit
from smallset.data.threads import ordered, thread_count
from smallset.records import Progress
from smallset.shapes import Int32, Int64, Shaped

_CHUNK = 64
_NAMED = 6
"""The most misnamed files that are named: one more than a message lists."""


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


_COLUMNS: dict[str, tuple[str, tuple[int, ...]]] = {
    "labels": ("i8", ()),
    "rows": ("i8", ()),
    "sizes": ("i4", (2,)),
    "encoded_bytes": ("i8", ()),
    "content": ("S32", ()),
    "entry": ("S32", ()),
}
"""The type and the shape of one entry of each array in a `Scan`."""


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
    """Read and decode every row of a split in threads. With `scratch`, use constant memory.

    Bad rows are collected instead of raised, so that one message can name them all.
    """
    total, labels = len(split.rows), split.labels()
    into = _empty(total, scratch, split.name)
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
            into.labels[good] = label
            into.rows[good] = row.row
            into.sizes[good] = row.size
            into.encoded_bytes[good] = row.encoded_bytes
            into.content[good] = row.content
            into.entry[good] = _entry(split.name, classes[label], row)
            good += 1
        done += len(chunk)
        if progress is not None:
            progress(f"index {split.name}", done, total)
    cut = {name: getattr(into, name)[:good] for name in _COLUMNS}
    return replace(into, **cut, bad=tuple(bad), misnamed=(odd, tuple(first_odd)), lasting=lasting)


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


def _entry(split: str, class_name: str, row: _Row) -> bytes:
    text = f"{split}\0{class_name}\0{row.name}\0"
    return hashlib.sha256(text.encode() + row.content).digest()


def _empty(total: int, scratch: Path | None, split: str) -> Scan:
    """Allocate the columns: in memory, or mapped from scratch files."""

    def column(name: str, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        if scratch is None or total == 0:
            return np.empty((total, *shape), dtype)
        path = scratch / f"{split}.{name}"
        _reserve(path, total * int(np.prod(shape, initial=np.dtype(dtype).itemsize)))
        return np.memmap(path, dtype, "r+", shape=(total, *shape))

    columns = {name: column(name, *kind) for name, kind in _COLUMNS.items()}
    return Scan(**columns, bad=(), misnamed=(0, ()), lasting=True)


def _reserve(path: Path, size: int) -> None:
    """Write zeros. On a full disk this is an error, but a hole in a mapped file kills Python."""
    zeros = bytes(1 << 16)
    with path.open("wb") as file:
        for start in range(0, size, len(zeros)):
            file.write(zeros[: size - start])
