"""Read a set back: its manifest, its plan, and its images in the plan's order."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset, content_of, cores, ordered
from smallset.data.dataset import Rows
from smallset.data.decode import BadImage, measure
from smallset.data.fit import view_square
from smallset.lazy import Tensor, torch
from smallset.records import Classes, Plan, Resample
from smallset.shapes import Float32, Int, Int32, Int64, UInt8
from smallset.store.agreement import check_as_made, check_files, contradictions, strangers
from smallset.store.codec import Codec
from smallset.store.images import CheckedRows, ImageFile, SetImages, Sheets, TileRows, bad
from smallset.store.manifest import Manifest, read_manifest
from smallset.store.plan_table import read_plan
from smallset.store.training_set import PlainSet, SetFacts
from smallset.train.render import render
from smallset.train.views import View, view_from, whole_boxes


@dataclass(frozen=True)
class CompressedDataset:
    """A set on disk that smallset made: m images by class, in order of choice within each class.

    A file is an image, or a sheet of many. `files` and `plan` have a row for each file. `content`
    has the `smallset.data.content_of` of each source image shown. `source` returns the bytes of the
    file in a row (None: they are read from the file in `path`).

    A set is also a dataset for torch's DataLoader: item i is a view of image i and its class index.
    """

    path: Path
    manifest: Manifest
    files: tuple[ImageFile, ...]
    plan: Plan
    content: Int64[np.ndarray, " k"]
    source: Callable[[int], bytes] | None = None

    def __len__(self) -> int:
        """Count the images."""
        return self.manifest.images

    def __getitem__(self, i: int) -> tuple[Float32[Tensor, "3 s s"], int]:
        """Return a new view of image i, in 0..1, and its class index.

        Views are drawn from torch's random state, as `torch.manual_seed` and a DataLoader set it.
        Raises IndexError for an image that does not exist, and ValueError if its file was changed.
        """
        if not -len(self) <= i < len(self):
            raise IndexError(f"the set '{self.path}' has no image {i}. It has {len(self)}.")
        i, size = i % len(self), self.manifest.size
        seed = int(torch.randint(2**62, ()))
        # As image 0, under a random seed: image i would cost the numbers of those before it.
        drawn = self._view.draw(self.tile_box[i : i + 1], np.zeros(1, np.int64), seed=seed, epoch=0)
        pixels = torch.from_numpy(self.images(np.array([i]), workers=1)).permute(0, 3, 1, 2)
        return render(pixels, drawn, size=size)[0].contiguous(), int(self.dataset.labels[i])

    @cached_property
    def _view(self) -> View:
        return view_from(self.manifest.view)

    @property
    def name(self) -> str:
        """The path of the set."""
        return str(self.path)

    @property
    def digest(self) -> str:
        """The sha256 that identifies the set, from its manifest."""
        return self.manifest.digest

    @property
    def facts(self) -> SetFacts:
        """The facts that a result line records: the manifest."""
        return self.manifest

    @property
    def origin(self) -> str:
        """The fingerprint of the data from which the set was made."""
        return self.manifest.source.fingerprint

    @property
    def resample(self) -> Resample:
        """How an image of another size becomes a square. Canvases were drawn this way too."""
        return self.plan.resample

    @property
    def labels(self) -> Int64[np.ndarray, " m"]:
        """The class index of each image."""
        return np.repeat(self.plan.label, self.plan.images)

    @property
    def tile_box(self) -> Int32[np.ndarray, "m tiles 4"]:
        """The tiles of each image: left, top, right and bottom, in the image's pixels."""
        if self.manifest.sheet is None:
            return self.plan.tile_box
        return whole_boxes(len(self), self.manifest.size)

    @property
    def rows(self) -> CheckedRows:
        """The bytes of the files, each checked as it is read."""
        source = self.source or partial(file_bytes, self.path, self.files)
        return CheckedRows(self.name, self.files, source)

    @cached_property
    def dataset(self) -> ImageDataset:
        """The images, or the tiles of sheets, as a data set.

        The manifest's digest is the fingerprint of the data set. A set of the codec "original"
        reads all of its images for their sizes. Raises ValueError if one of them was changed or is
        damaged.
        """
        files, codec = self.rows, Codec.parse(self.manifest.codec)
        if self.manifest.sheet is None:
            sizes = np.full((len(self), 2), self.manifest.size, np.int32)
            if codec.is_original:
                sizes = _measured(files)
            kind = partial(SetImages, codec=codec)
            return self._dataset(kind, sizes, contents(self.files), files)
        sheet, tile = np.nonzero(self.plan.source >= 0)
        box = self.plan.tile_box[sheet, tile]
        hashes = [
            content_of(hashlib.sha256(f"{self.files[on].sha256} {at}".encode()).digest())
            for on, at in zip(sheet.tolist(), tile.tolist(), strict=True)
        ]
        origin = TileRows(Sheets(files, codec, self.plan.size), sheet, tile, box)
        content, sizes = np.array(hashes, np.int64), box[:, 2:] - box[:, :2]
        return self._dataset(ImageDataset, sizes, content, origin)

    def _dataset(
        self,
        kind: Callable[..., ImageDataset],
        sizes: Int32[np.ndarray, "m 2"],
        content: Int64[np.ndarray, " m"],
        origin: Rows,
    ) -> ImageDataset:
        return kind(
            name=self.path.resolve().name,
            split="train",
            classes=Classes(self.manifest.classes),
            labels=self.labels,
            sizes=sizes,
            rows=np.arange(len(self)),
            content=content,
            fingerprint=self.digest,
            encoded_bytes=self.manifest.image_bytes,
            skipped=(),
            origin=origin,
        )

    def images(
        self, rows: Int[np.ndarray, " k"] | None = None, *, workers: int = 0
    ) -> UInt8[np.ndarray, "k s s 3"]:
        """Decode the images `rows` (None: all m) as squares, in `workers` threads (0: one a core).

        Raises ValueError if a file is missing or was changed.
        """
        chosen = np.arange(len(self)) if rows is None else rows
        size, dataset = self.manifest.size, self.dataset
        pixels = np.empty((len(chosen), size, size, 3), dtype=np.uint8)

        def draw(row: int) -> UInt8[np.ndarray, "s s 3"]:
            return view_square(dataset.pixels(row), size, self.manifest.fit, resample=self.resample)

        with closing(ordered(draw, chosen.tolist(), threads=workers or cores())) as drawn:
            for position, square in enumerate(drawn):
                pixels[position] = square
        return pixels


TrainingSet = CompressedDataset | PlainSet
"""The images that a student trains on, and the facts that a result line needs."""


def file_bytes(folder: Path, files: Sequence[ImageFile], row: int) -> bytes:
    """Return the bytes of the file in `row`, or b"" if `folder` lacks the file."""
    file = folder / files[row].path
    return file.read_bytes() if file.is_file() else b""


def contents(files: Sequence[ImageFile]) -> Int64[np.ndarray, " m"]:
    """Return the `smallset.data.content_of` of each file, from its hash."""
    return np.array([content_of(bytes.fromhex(file.sha256)) for file in files], np.int64)


def _measured(files: CheckedRows) -> Int32[np.ndarray, "m 2"]:
    def size(row: int) -> tuple[int, int]:
        try:
            return measure(files.read(row))
        except BadImage as error:
            raise bad(files.named(row), error) from error

    with closing(ordered(size, range(len(files)), threads=cores())) as sizes:
        return np.array(list(sizes), np.int32).reshape(-1, 2)


def open_set(path: str | Path) -> CompressedDataset:
    """Open the set in the folder `path`. Pixels are read later, when they are needed.

    Raises FileNotFoundError or NotADirectoryError if there is no such folder. Raises ValueError if
    the folder is not a set, if it is an export of a set, or if its manifest, its plan or its list
    of files was edited or damaged.
    """
    path = Path(path)
    check_as_made(path)
    made = read_records(path)
    check_files(
        path,
        strangers(path, made.files),
        f"Restore it, or make the set again; `smallset verify '{path}'` lists all that changed.",
    )
    return made


def read_records(path: Path) -> CompressedDataset:
    """Read and compare the manifest and the plan in a folder, without its image files.

    Raises ValueError if the folder is not a set, or if the manifest or the plan was edited or
    damaged.
    """
    manifest = read_manifest(path)
    Codec.parse(manifest.codec)  # an unknown codec fails now, not at the first image
    plan, files, content = read_plan(path, manifest)
    for problem in contradictions(manifest, plan, files):
        raise ValueError(f"'{path}': {problem}. Restore it, or make the set again.")
    return CompressedDataset(path, manifest, files, plan, content)
