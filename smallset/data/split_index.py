"""What is kept of an indexed split, and its Arrow file: read by mapping, so it weighs nothing."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64

from smallset.lazy import pa
from smallset.typed import read_json

_FACTS = "index.json"


@dataclass(frozen=True, eq=False)
class SplitIndex:
    """The index of one final split; `raw` names the split of the source that its rows count in.

    `misnamed` counts the images whose extension promises another format than the bytes hold, and
    names the first of them.
    """

    raw: str
    labels: Int64[np.ndarray, " n"]
    rows: Int64[np.ndarray, " n"]
    sizes: Int32[np.ndarray, "n 2"]
    content: Int64[np.ndarray, " n"]
    encoded_bytes: int
    bad: tuple[tuple[str, str], ...]
    misnamed: tuple[int, tuple[str, ...]] = (0, ())


@dataclass(frozen=True, eq=False)
class SplitIndexes:
    """The final splits by name ("train", "test", ...; two of them) and the common fingerprint.

    `lasting` is False where a file could not be read: such an index is not to be kept.
    """

    splits: Mapping[str, SplitIndex]
    fingerprint: str
    lasting: bool = True


@dataclass(frozen=True)
class _Fact:
    """What index.json says of a split."""

    raw: str
    encoded_bytes: int
    bad: tuple[tuple[str, str], ...]
    misnamed: tuple[int, tuple[str, ...]]


@dataclass(frozen=True)
class _Facts:
    fingerprint: str
    splits: Mapping[str, _Fact]


def write_parts(parts: SplitIndexes, folder: Path) -> None:
    """Write one Arrow IPC file a split and the few facts as JSON into an existing folder."""
    facts = {}
    for name, part in parts.splits.items():
        _write_arrays(part, folder / f"{name}.arrow")
        facts[name] = _Fact(part.raw, part.encoded_bytes, part.bad, part.misnamed)
    text = json.dumps(asdict(_Facts(parts.fingerprint, facts)), indent=1)
    (folder / _FACTS).write_text(text, encoding="utf-8")


def read_parts(folder: Path) -> SplitIndexes:
    """Map the files that `write_parts` wrote; the arrays are read-only views of them."""
    facts = read_json(
        (folder / _FACTS).read_bytes(),
        _Facts,
        where=f"'{folder / _FACTS}'",
        advice=f"Remove '{folder}', and the data is indexed again.",
    )
    splits = {
        name: SplitIndex(
            fact.raw,
            *_read_arrays(folder / f"{name}.arrow"),
            fact.encoded_bytes,
            fact.bad,
            fact.misnamed,
        )
        for name, fact in facts.splits.items()
    }
    return SplitIndexes(splits, facts.fingerprint)


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
    # One batch a file: each column is one piece, which numpy can view without a copy.
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    sizes = batch["size"].flatten().to_numpy(zero_copy_only=True).reshape(-1, 2)
    return (
        batch["label"].to_numpy(zero_copy_only=True),
        batch["row"].to_numpy(zero_copy_only=True),
        sizes,
        batch["content"].to_numpy(zero_copy_only=True),
    )
