"""Read a set back: its manifest, its plan, and its images in the plan's order."""

import hashlib
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int, Int32, Int64, UInt8

from smallset.data import cores, ordered
from smallset.data.decode import BadImage
from smallset.records import Plan
from smallset.store.card import CARD
from smallset.store.codec import Codec
from smallset.store.manifest import MANIFEST, Manifest, read_manifest
from smallset.store.original import fitted
from smallset.store.plan_table import PLAN, ImageFile, read_plan

# The Hub adds .gitattributes; the card is the user's to edit.
FREE = (CARD, ".gitattributes")


@dataclass(frozen=True)
class CompressedDataset:
    """A set on disk: m images by class, in order of choice within each class.

    `content` says which source images the set shows (`smallset.data.content_of` each).
    """

    path: Path
    manifest: Manifest
    files: tuple[ImageFile, ...]
    plan: Plan
    content: Int64[np.ndarray, " k"]

    def __len__(self) -> int:
        return len(self.files)

    @property
    def labels(self) -> Int64[np.ndarray, " m"]:
        """The class index of each image."""
        return self.plan.label

    @property
    def tile_box(self) -> Int32[np.ndarray, "m tiles 4"]:
        """The tiles of each image: left, top, right, bottom in its pixels."""
        return self.plan.tile_box

    def images(
        self, rows: Int[np.ndarray, " k"] | None = None, *, workers: int = 0
    ) -> UInt8[np.ndarray, "k s s 3"]:
        """Decode the images `rows` (None: all m), in `workers` threads (0: one a core).

        Raises ValueError where a file is missing or is not the one that was written.
        """
        chosen = np.arange(len(self)) if rows is None else rows
        size = self.manifest.size
        codec = Codec.parse(self.manifest.codec)
        pixels = np.empty((len(chosen), size, size, 3), dtype=np.uint8)

        def decode(position: int) -> None:
            pixels[position] = self._decode(self.files[int(chosen[position])], codec)

        with closing(ordered(decode, range(len(chosen)), threads=workers or cores())) as decoded:
            for _ in decoded:
                pass
        return pixels

    def _decode(self, file: ImageFile, codec: Codec) -> UInt8[np.ndarray, "s s 3"]:
        encoded = (self.path / file.path).read_bytes()
        if hashlib.sha256(encoded).hexdigest() != file.sha256:
            raise ValueError(
                f"'{self.path / file.path}' was changed after it was written. Restore it, or make "
                f"the set again; `smallset verify '{self.path}'` lists all that changed."
            )
        try:
            pixels = codec.decode(encoded)
        except BadImage as error:
            raise ValueError(
                f"'{self.path / file.path}' {error}. Get the set from its maker again."
            ) from error
        if codec.is_original:
            return fitted(pixels, self.manifest, self.plan)
        size = self.manifest.size
        if pixels.shape != (size, size, 3):
            raise ValueError(
                f"'{self.path / file.path}' is {pixels.shape[1]} x {pixels.shape[0]} pixels, but "
                f"the manifest says {size} x {size}. Make the set again."
            )
        return pixels


def open_set(path: Path) -> CompressedDataset:
    """Open the set in the folder `path`; pixels are read later, by `images`.

    Raises FileNotFoundError or NotADirectoryError where there is no folder, and ValueError where
    it holds no set, or one whose manifest, plan or list of files was edited or damaged.
    """
    check_folder(path)
    manifest = read_manifest(path)
    Codec.parse(manifest.codec)  # an unknown one is an error now, not at the first image
    plan, files, content = read_plan(path, size=manifest.size, sha256=manifest.plan_sha256)
    for problem in contradictions(manifest, plan, files):
        raise ValueError(f"'{path}': {problem}. Restore it, or make the set again.")
    missing, added = strangers(path, files)
    for word, names in (("lacks", missing), ("has the additional", added)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ValueError(
                f"'{path}' {word} file '{names[0]}'{more}. Restore it, or make the set again; "
                f"`smallset verify '{path}'` lists all that changed."
            )
    return CompressedDataset(path, manifest, files, plan, content)


def check_folder(path: Path) -> None:
    """Raise FileNotFoundError or NotADirectoryError where `path` is no folder."""
    if not path.exists():
        raise FileNotFoundError(
            f"'{path}' does not exist. Give the folder that `smallset compress` made."
        )
    if not path.is_dir():
        raise NotADirectoryError(
            f"'{path}' is a file, but a set is a folder. Give the folder that `smallset compress` "
            f"made."
        )


def contradictions(manifest: Manifest, plan: Plan, files: tuple[ImageFile, ...]) -> list[str]:
    """List where the manifest and the plan do not agree, each a clause without a full stop."""
    problems: list[str] = []
    labels = plan.label
    if labels.min() < 0 or labels.max() >= len(manifest.classes):
        return [f"the plan has labels outside the manifest's {len(manifest.classes)} classes"]
    counts = tuple(np.bincount(labels, minlength=len(manifest.classes)).tolist())
    if counts != manifest.counts:
        at = next(i for i, (a, b) in enumerate(zip(counts, manifest.counts, strict=True)) if a != b)
        problems.append(
            f"the manifest counts {manifest.counts[at]} images of class "
            f"{manifest.classes[at]!r}, the plan {counts[at]}"
        )
    total = sum(file.bytes for file in files)
    if total != manifest.image_bytes:
        problems.append(f"the manifest counts {manifest.image_bytes} image bytes, the plan {total}")
    # one plain name under its own class folder: no path leads out of the set
    wrong = [
        file.path
        for file, label in zip(files, labels, strict=True)
        if not _is_inside(file.path, manifest.folders[label])
    ]
    if wrong:
        problems.append(
            f"the plan names {len(wrong)} files outside their class folders, the first is "
            f"{wrong[0]!r}"
        )
    return problems


def strangers(path: Path, files: tuple[ImageFile, ...]) -> tuple[list[str], list[str]]:
    """List the files missing from the folder and those that do not belong to it, by path.

    An additional folder counts too, empty or not: readers would take it for a class.
    """
    wanted = {file.path for file in files} | {MANIFEST, PLAN}
    kept = {file.partition("/")[0] for file in wanted} - {MANIFEST, PLAN}
    found: set[str] = set()
    added: list[str] = []
    for entry in os.scandir(path):
        if not entry.is_dir():
            found.add(entry.name)
        elif entry.name not in kept:
            added.append(f"{entry.name}/")
        else:
            found |= {
                f"{entry.name}/{inner.name}{'/' if inner.is_dir() else ''}"
                for inner in os.scandir(entry.path)
            }
    added += found - wanted - set(FREE)
    return sorted(wanted - found), sorted(added)


def _is_inside(path: str, folder: str) -> bool:
    first, _, name = path.partition("/")
    return first == folder and name not in ("", ".", "..") and not set("/\\:\0") & set(name)
