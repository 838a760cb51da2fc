"""Index a source: decode every image once, and keep the result in the work folder."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from smallset.data.dataset import Data, ImageDataset
from smallset.data.decode import DECODE_VERSION
from smallset.data.scan import Scan, refuse_bad, refuse_empty_classes, scan
from smallset.data.source import Source
from smallset.data.split_index import (
    SplitFacts,
    SplitIndex,
    SplitIndexes,
    read_parts,
    write_parts,
)
from smallset.data.splits import cut_off
from smallset.files import unfinished
from smallset.numbers import counted, listed
from smallset.records import Classes, Progress
from smallset.shapes import Bool

_INDEX_VERSION = 3


def index(
    source: Source,
    *,
    work: Path | None,
    skip_bad: bool,
    workers: int = 0,
    progress: Progress | None = None,
) -> Data:
    """Decode and hash every image of a source, and return its splits.

    The result is kept in `work`, so that the next call only maps it. If a file cannot be read at
    all, nothing is kept, because the file may be readable the next time.

    Raises ValueError if the source has fewer than two classes, if a class has no images, or if
    files are bad and `skip_bad` is False. The message counts all bad files and names five.
    """
    if len(source.classes) < 2:
        raise ValueError(
            f"{source.name!r} has {len(source.classes)} class {list(source.classes)}, but a "
            "classifier needs at least two. Point to the folder that holds the class folders."
        )
    build = partial(_build, source, skip_bad=skip_bad, workers=workers, progress=progress)
    parts = _parts(source, work, build)
    if not skip_bad:
        refuse_bad(
            repr(source.name), [bad for part in parts.splits.values() for bad in part.facts.bad]
        )
    by_name = {raw.name: raw for raw in source.splits}
    train, test = (
        ImageDataset(
            name=source.name,
            split=name,
            classes=Classes(source.classes),
            labels=part.labels,
            sizes=part.sizes,
            rows=part.rows,
            content=part.content,
            fingerprint=parts.fingerprint,
            encoded_bytes=part.facts.encoded_bytes,
            skipped=tuple(identity for identity, _ in part.facts.bad),
            origin=by_name[part.facts.raw].rows,
        )
        for name, part in parts.splits.items()
    )
    notes = tuple(_notes(source, parts))
    return Data(source.name, train, test, source.held_out, parts.fingerprint, notes)


def _notes(source: Source, parts: SplitIndexes) -> Iterator[str]:
    """Yield sentences about the unused parts of a source and its misnamed files."""
    if source.unused:
        yield f"left unused: {', '.join(source.unused)}"
    misnamed = [part.facts.misnamed for part in parts.splits.values()]
    if count := sum(number for number, _ in misnamed):
        first = [identity for _, identities in misnamed for identity in identities]
        yield (
            f"{counted(count, 'file')} of another format than named, read by the content: "
            f"{listed(first, total=count)}"
        )


def _parts(
    source: Source, work: Path | None, build: Callable[[Path | None], SplitIndexes]
) -> SplitIndexes:
    """Read the index from the work folder or make it there. Without a folder, keep it in memory."""
    if work is None or not source.key:
        return build(None)
    home = work / "index"
    home.mkdir(parents=True, exist_ok=True)
    folder = home / f"{_key(source)}-v{_INDEX_VERSION}.{DECODE_VERSION}"
    if not folder.exists():
        with unfinished(folder) as partial:
            scratch = partial / "scratch"
            scratch.mkdir(parents=True)
            parts = build(scratch)
            if not parts.lasting:
                return parts
            write_parts(parts, partial)
            del parts  # Windows cannot remove a file that is mapped
            shutil.rmtree(scratch)
            try:
                partial.rename(folder)
            except OSError:
                if not folder.exists():  # another process may have made the same index first
                    raise
    return read_parts(folder)


def _key(source: Source) -> str:
    """Hash everything an index depends on: the files, the classes in order, the held-out rule."""
    splits = [raw.name for raw in source.splits]
    text = json.dumps([source.key, source.classes, splits, source.held_out])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _build(
    source: Source,
    scratch: Path | None,
    *,
    skip_bad: bool,
    workers: int,
    progress: Progress | None,
) -> SplitIndexes:
    scans = {
        raw.name: scan(raw, source.classes, scratch=scratch, workers=workers, progress=progress)
        for raw in source.splits
    }
    if not skip_bad:
        refuse_bad(repr(source.name), [bad for one in scans.values() for bad in one.bad])
    for name, one in scans.items():
        refuse_empty_classes(f"The {name} split of {source.name!r}", one, source.classes)
    splits = {name: _part(name, one) for name, one in scans.items()}
    if source.test is None:
        (raw, whole), *_ = scans.items()
        or_else = ", or a test split if the source has none"
        held = cut_off(whole.labels, whole.content, source.classes, or_else=or_else)
        rest = replace(whole, bad=(), misnamed=(0, ()))  # so that bad files are named once
        splits = {"train": _part(raw, whole, ~held), "test": _part(raw, rest, held)}
    fingerprint = _fingerprint(source, list(scans.values()))
    lasting = all(one.lasting for one in scans.values())
    if not lasting:
        splits = {name: _in_memory(part) for name, part in splits.items()}
    return SplitIndexes(splits, fingerprint, lasting)


def _in_memory(part: SplitIndex) -> SplitIndex:
    """Copy the arrays, because their scratch files are deleted if nothing is kept."""
    arrays = map(np.array, (part.labels, part.rows, part.sizes, part.content))
    return SplitIndex(part.facts, *arrays)


def _part(raw: str, one: Scan, keep: Bool[np.ndarray, " n"] | slice = slice(None)) -> SplitIndex:
    # View each sha256 as four numbers of 8 bytes, and keep the first (see `content_of`).
    content = np.ascontiguousarray(one.content[keep]).view(">i8").reshape(-1, 4)[:, 0]
    facts = SplitFacts(raw, int(one.encoded_bytes[keep].sum()), one.bad, one.misnamed)
    arrays = one.labels[keep], one.rows[keep], one.sizes[keep], content.astype(np.int64)
    return SplitIndex(facts, *arrays)


def _fingerprint(source: Source, scans: Sequence[Scan]) -> str:
    """Hash the classes in order, the held-out rule, and every image's entry in sorted order.

    An entry is a hash of split, class, name and content, so its position carries no information.
    The scratch columns are sorted in place, without more memory.
    """
    head = json.dumps([list(source.classes), source.held_out])
    digest = hashlib.sha256(head.encode())
    for one in scans:
        one.entry.sort()
        for start in range(0, len(one.entry), 1 << 16):
            digest.update(one.entry[start : start + (1 << 16)].tobytes())
    return digest.hexdigest()
