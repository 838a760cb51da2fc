"""Keep the index of each split in an Arrow file, which is mapped rather than read into memory."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from smallset.lazy import pa
from smallset.shapes import Int32, Int64
from smallset.typed import read_json

_FACTS = "index.json"


@dataclass(frozen=True)
class SplitFacts:
    """The facts of a split in index.json.

    `raw` is the name of the source's split, whose rows the index counts. `bad` are (id, reason)
    pairs. `misnamed` is the number of images whose extension contradicts the format of the bytes,
    and the first of their ids.
    """

    raw: str
    encoded_bytes: int
    bad: tuple[tuple[str, str], ...]
    misnamed: tuple[int, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class SplitIndex:
    """The index of one final split: its facts and arrays."""

    facts: SplitFacts
    labels: Int64[np.ndarray, " n"]
    rows: Int64[np.ndarray, " n"]
    sizes: Int32[np.ndarray, "n 2"]
    content: Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class SplitIndexes:
    """The two final splits by name ("train", "test", ...) and their common fingerprint.

    `lasting` is False if a file could not be read. Such an index must not be kept.
    """

    splits: Mapping[str, SplitIndex]
    fingerprint: str
    lasting: bool = True


@dataclass(frozen=True)
class _Kept:
    fingerprint: str
    splits: Mapping[str, SplitFacts]


def write_parts(parts: SplitIndexes, folder: Path) -> None:
    """Write an Arrow IPC file for each split, and index.json, into an existing folder."""
    for name, part in parts.splits.items():
        _write_arrays(part, folder / f"{name}.arrow")
    kept = _Kept(parts.fingerprint, {name: part.facts for name, part in parts.splits.items()})
    (folder / _FACTS).write_text(json.dumps(asdict(kept), indent=1), encoding="utf-8")


def read_parts(folder: Path) -> SplitIndexes:
    """Map the files of `write_parts`. Arrays are read-only views. Raises ValueError if damaged."""
    kept = read_json(
        (folder / _FACTS).read_bytes(),
        _Kept,
        where=f"'{folder / _FACTS}'",
        advice=f"Remove '{folder}', and the data is indexed again.",
    )
    splits = {
        name: SplitIndex(facts, *_read_arrays(folder / f"{name}.arrow"))
        for name, facts in kept.splits.items()
    }
    return SplitIndexes(splits, kept.fingerprint)


def _write_arrays(part: SplitIndex, path: Path) -> None:
    flat = pa.array(np.ascontiguousarray(part.sizes).reshape(-1))
    columns = [
        pa.array(np.ascontiguousarray(part.labels)),
        pa.array(np.ascontiguousarray(part.rows)),
        pa.FixedSizeListArray.from_arrays(flat, 2),
        pa.array(np.ascontiguousarray(part.content)),
    ]
    batch = pa.record_batch(columns, names=["label", "row", "size", "content"])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def _read_arrays(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    # A file has one batch, so numpy can view each column without a copy.
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    label, row, size, content = batch.columns
    flat = [c.to_numpy(zero_copy_only=True) for c in (label, row, size.flatten(), content)]
    return flat[0], flat[1], flat[2].reshape(-1, 2), flat[3]
