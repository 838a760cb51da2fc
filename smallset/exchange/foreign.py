"""Other people's sets: images by class without a manifest, on the same terms as ours."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int, Int32, Int64, UInt8

from smallset.data import ImageDataset, cores, ordered
from smallset.data.arrow_rows import ArrowRows
from smallset.data.dataset import content_of
from smallset.data.decode import decode
from smallset.data.open import source_of
from smallset.data.scan import Scan, scan
from smallset.data.source import Source
from smallset.data.work import keeping
from smallset.exchange.naming import match_classes
from smallset.files import at_home
from smallset.records import Classes, Plan, Progress
from smallset.spec import write
from smallset.store.manifest import Manifest, Seeds
from smallset.store.manifest import Source as Origin
from smallset.store.original import fitted
from smallset.store.plan_table import ImageFile
from smallset.store.read import CompressedDataset, check_folder

METHOD = "foreign"
HUB = "hf:"


@dataclass(frozen=True)
class ForeignSet(CompressedDataset):
    """A set whose bytes are read where its maker put them: a folder tree, parquet, or the Hub.

    `dataset` holds the images in the order of `files` and of the plan.
    """

    dataset: ImageDataset

    def images(
        self, rows: Int[np.ndarray, " k"] | None = None, *, workers: int = 0
    ) -> UInt8[np.ndarray, "k s s 3"]:
        """Decode the images `rows` (None: all m) as squares, in `workers` threads (0: one a core).

        Raises ValueError where an image is missing or is not the one that was opened.
        """
        chosen = np.arange(len(self)) if rows is None else rows
        size = self.manifest.size
        pixels = np.empty((len(chosen), size, size, 3), dtype=np.uint8)

        def draw(position: int) -> None:
            pixels[position] = self._square(int(chosen[position]))

        with closing(ordered(draw, range(len(chosen)), threads=workers or cores())) as drawn:
            for _ in drawn:
                pass
        return pixels

    def _square(self, row: int) -> UInt8[np.ndarray, "s s 3"]:
        encoded = self.dataset.encoded(row)
        if hashlib.sha256(encoded).hexdigest() != self.files[row].sha256:
            raise ValueError(
                f"{self.files[row].path!r} of the set '{self.path}' is not the image that was "
                "recorded. Needed the set as it was. Restore it and run again."
            )
        return fitted(decode(encoded), self.manifest, self.plan)


@dataclass(frozen=True, eq=False)
class ForeignImages:
    """The images of a set and their hashes, class after class in the data's order."""

    path: Path
    dataset: ImageDataset
    files: tuple[ImageFile, ...]


def read_foreign(
    given: str | Path,
    classes: Classes,
    *,
    data: str,
    naming: Path | None,
    work: Path,
    skip_bad: bool,
    workers: int,
    progress: Progress | None,
) -> ForeignImages:
    """Look at every training image of a folder, a parquet folder or "hf:owner/name" once.

    Labels become the indices of `classes`, those of the data named `data` (see `match_classes`).
    Raises FileNotFoundError where there is nothing, and ValueError for a layout that is not
    understood, classes that do not map, bad images (unless `skip_bad`) and classes without images.
    """
    name = set_name(given)
    with keeping(work):
        source = _source(given, work)
        _check_whole(source, name)
        index = match_classes(source.classes, classes, set=name, data=data, naming=naming)
        split = replace(source.train, name="set")
        found = scan(split, source.classes, scratch=None, workers=workers, progress=progress)
    if found.bad and not skip_bad:
        raise _bad(name, found.bad)
    counts = np.bincount(found.labels, minlength=len(source.classes))
    empty = [source.classes[c] for c in np.flatnonzero(counts == 0)]
    if empty:
        raise ValueError(
            f"the set '{name}' has no image of {', '.join(map(repr, empty))}. Needed at least one "
            "of every class. Add some, or test on data without these classes."
        )
    return _images(given, name, classes, index, source, found)


def foreign_set(
    images: ForeignImages, *, size: int, view: str, tiles: Int32[np.ndarray, "tiles 4"]
) -> ForeignSet:
    """Make a set of images: squares of `size` pixels under `view`, each of the same `tiles`.

    Its manifest lives in memory; `digest` names names, contents, order, size, view and tiles.
    """
    dataset, files = images.dataset, images.files
    m, counts = len(files), np.bincount(dataset.labels, minlength=len(dataset.classes))
    plan = Plan(
        size=size,
        resample="antialias",
        source=np.full((m, len(tiles)), -1, np.int64),
        source_box=np.zeros((m, len(tiles), 4), np.int32),
        tile_box=np.ascontiguousarray(np.broadcast_to(tiles, (m, *tiles.shape))),
        label=dataset.labels,
    )
    manifest = Manifest(
        smallset="none",
        method=METHOD,
        spec=f"{METHOD}({write(dataset.name, {})})",
        seeds=Seeds(set=None, observer=None),
        source=Origin(
            given=dataset.name,
            fingerprint=dataset.fingerprint,
            split="train",
            images=m,
            bytes=dataset.encoded_bytes,
            held_out="not known",
            skipped=dataset.skipped,
        ),
        classes=dataset.classes.names,
        folders=dataset.classes.names,
        counts=tuple(counts.tolist()),
        size=size,
        fit="squash",
        view=view,
        codec="as found",
        precision="none",
        device="none",
        made_with={},
        image_bytes=dataset.encoded_bytes,
        plan_sha256=_plan_hash(dataset.fingerprint, tiles),
    )
    return ForeignSet(images.path, manifest, files, plan, dataset.content, dataset)


def set_name(given: str | Path) -> str:
    """Name a set as results do: the folder's own name, or the Hub's owner/name."""
    text = str(given)
    return text.removeprefix(HUB) if text.startswith(HUB) else Path(text).resolve().name


def _source(given: str | Path, work: Path) -> Source:
    if not str(given).startswith(HUB):
        check_folder(at_home(given))
    return source_of(given, work=work)


def _check_whole(source: Source, name: str) -> None:
    """Refuse an export of ours that lost its manifest: it would be trained under another view."""
    rows = source.train.rows
    if isinstance(rows, ArrowRows) and "tile_box" in rows.schema.names:
        raise ValueError(
            f"the set '{name}' has the column 'tile_box' of an export by smallset, but not the "
            "manifest.json that says how to train on it. Needed the whole export. Download all its "
            "files (hf download NAME --repo-type dataset --local-dir DIR) and give the folder."
        )


def _images(
    given: str | Path,
    name: str,
    classes: Classes,
    index: np.ndarray,
    source: Source,
    found: Scan,
) -> ForeignImages:
    """Put the good rows in the data's order of classes, then the set's own."""
    labels = index[found.labels]
    order = np.argsort(labels, kind="stable")
    rows = found.rows[order]
    hashes = [bytes(content).ljust(32, b"\0").hex() for content in found.content[order]]
    sizes = found.encoded_bytes[order].tolist()
    names = (source.train.rows.name(int(row)) for row in rows)
    files = tuple(ImageFile(*file) for file in zip(names, hashes, sizes, strict=True))
    dataset = ImageDataset(
        name=name,
        split="train",
        classes=classes,
        labels=labels[order],
        sizes=found.sizes[order],
        rows=rows,
        content=contents(files),
        fingerprint=_content_hash(classes, labels[order], hashes),
        encoded_bytes=sum(sizes),
        skipped=tuple(identity for identity, _ in found.bad),
        origin=source.train.rows,
    )
    return ForeignImages(Path(given), dataset, files)


def contents(files: Sequence[ImageFile]) -> Int64[np.ndarray, " m"]:
    """Return the `content_of` each file."""
    return np.array([content_of(bytes.fromhex(file.sha256)) for file in files], np.int64)


def _content_hash(classes: Classes, labels: np.ndarray, hashes: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for label, content in zip(labels.tolist(), hashes, strict=True):
        digest.update(f"{classes.names[label]}\0{content}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _plan_hash(content: str, tiles: Int32[np.ndarray, "tiles 4"]) -> str:
    return hashlib.sha256(f"{content} {tiles.tolist()}".encode()).hexdigest()


def _bad(name: str, bad: Sequence[tuple[str, str]]) -> ValueError:
    named = "; ".join(f"{identity!r} {reason}" for identity, reason in bad[:5])
    more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
    return ValueError(
        f"the set '{name}' has {len(bad)} bad file(s): {named}{more}. Needed images that decode. "
        "Repair or remove them, or go on without them: --skip-bad (skip_bad=True)."
    )
