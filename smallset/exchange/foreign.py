"""Foreign sets: images by class without a manifest, evaluated like the sets of smallset."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset
from smallset.data.open import source_of
from smallset.data.scan import Scan, refuse_bad, refuse_empty_classes, scan
from smallset.data.source import Source
from smallset.data.work import keeping
from smallset.desk import Desk
from smallset.exchange.naming import match_classes
from smallset.files import at_home
from smallset.fingerprint import fingerprint
from smallset.records import Classes
from smallset.shapes import Int32
from smallset.spec import write
from smallset.store import ImageFile, PlainSet, Seeds, SetFacts
from smallset.store.agreement import check_folder
from smallset.store.images import CheckedRows
from smallset.store.read import contents

METHOD = "foreign"
HUB = "hf:"


def read_foreign(
    given: str | Path, classes: Classes, desk: Desk, *, data: str, naming: Path | None = None
) -> ImageDataset:
    """Read every training image of a folder, a parquet folder or "hf:owner/name" once.

    `classes` are those of the data named `data`, matched by `match_classes` (with `naming`). Return
    the images in the order of `classes`, and within a class in the set's own order. Raises
    FileNotFoundError or NotADirectoryError if `given` is not a folder. Raises ValueError for an
    unknown layout, for classes without a counterpart or without images, and for bad images unless
    `desk.skip_bad`.
    """
    name = set_name(given)
    with keeping(desk.work):
        if not str(given).startswith(HUB):
            check_folder(at_home(given))
        source = source_of(given, work=desk.work)
        index = match_classes(source.classes, classes, set=name, data=data, naming=naming)
        split = replace(source.train, name="set")
        found = scan(
            split, source.classes, scratch=None, workers=desk.workers, progress=desk.progress
        )
    if not desk.skip_bad:
        refuse_bad(f"the set '{name}'", found.bad)
    or_else = "test on data without these classes"
    refuse_empty_classes(f"the set '{name}'", found, source.classes, or_else=or_else)
    return _images(name, classes, index, source, found)


def as_found(
    images: ImageDataset, *, size: int, view: str, tiles: Int32[np.ndarray, "tiles 4"]
) -> PlainSet:
    """Return images as a set: squares of `size` pixels under `view`, all with the same `tiles`.

    `tiles` are boxes (left, top, right, bottom) in pixels at `size`. The `digest` of the set
    depends on its name, its images in their order, and its size, view and tiles.
    """
    counts = np.bincount(images.labels, minlength=len(images.classes))
    facts = SetFacts(
        method=METHOD,
        spec=f"{METHOD}({write(images.name, {})})",
        seeds=Seeds(set=None, observer=None),
        classes=images.classes.names,
        counts=tuple(counts.tolist()),
        size=size,
        fit="squash",
        view=view,
        codec="as found",
        image_bytes=images.encoded_bytes,
        plan_sha256=hashlib.sha256(f"{images.fingerprint} {tiles.tolist()}".encode()).hexdigest(),
        made_with={},
    )
    digest = fingerprint([facts.spec, facts.plan_sha256, size, view])
    tile_box = np.broadcast_to(tiles, (len(images), *tiles.shape))
    return PlainSet(images.name, digest, facts, images, np.ascontiguousarray(tile_box))


def set_name(given: str | Path) -> str:
    """Return the name of a set in results: the name of its folder, or the Hub's owner/name."""
    text = str(given)
    return text.removeprefix(HUB) if text.startswith(HUB) else Path(text).resolve().name


def _images(
    name: str, classes: Classes, index: np.ndarray, source: Source, found: Scan
) -> ImageDataset:
    """Return the good images in the data's order of classes, then in the set's own order."""
    labels = index[found.labels]
    order = np.argsort(labels, kind="stable")
    labels, rows = labels[order], found.rows[order].tolist()
    hashes = [bytes(content).ljust(32, b"\0").hex() for content in found.content[order]]
    sizes, origin = found.encoded_bytes[order].tolist(), source.train.rows
    digest = hashlib.sha256()
    for label, content in zip(labels.tolist(), hashes, strict=True):
        digest.update(f"{classes.names[label]}\0{content}\0".encode("utf-8", "surrogatepass"))
    files = tuple(map(ImageFile, map(origin.name, rows), hashes, sizes))
    return ImageDataset(
        name=name,
        split="train",
        classes=classes,
        labels=labels,
        sizes=found.sizes[order],
        rows=np.arange(len(files)),
        content=contents(files),
        fingerprint=digest.hexdigest(),
        encoded_bytes=sum(sizes),
        skipped=tuple(identity for identity, _ in found.bad),
        origin=CheckedRows(name, files, lambda row: origin.read(rows[row])),
    )
