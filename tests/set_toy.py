"""A tiny data set with known pixels, a plan over it, and the set of both."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smallset import store
from smallset.data import ImageDataset, content_of
from smallset.records import Classes, Plan, Progress
from smallset.store import About, Codec, CompressedDataset, Encoding, Rendered, Seeds

NAMES = ("ape", "bee", "cow")
NUMBERED = ("cow", "b/e e", "ape")
"""Class names whose folders begin with a number: 0_cow, 1_b_e e, 2_ape."""

ABOUT = About(
    method="pca",
    spec="pca(score=el2n(epochs=10), factor=2)",
    seeds=Seeds(set=0, observer=1),
    given="data/tiny",
    held_out="test split of the source",
    fit="squash",
    view="patch(scale=(0.08, 1.0))",
    precision="float32",
    device="cpu",
    made_with={"observer": "resnet8, 10 epochs"},
)


@dataclass(frozen=True)
class PngRows:
    """Encoded images in memory, under the names that a folder would give them."""

    encoded: tuple[bytes, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.encoded)

    def name(self, row: int) -> str:
        return self.names[row]

    def read(self, row: int) -> bytes:
        return self.encoded[row]


def _encoded(pixels: np.ndarray, format: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=format)
    return buffer.getvalue()


def make_dataset(
    names: tuple[str, ...] = NAMES,
    per_class: int = 4,
    size: int = 6,
    formats: tuple[str, ...] = ("PNG",),
) -> ImageDataset:
    """Images of noise, in `formats` one after the other."""
    n = len(names) * per_class
    pixels = np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    encoded = tuple(_encoded(image, formats[i % len(formats)]) for i, image in enumerate(pixels))
    labels = np.repeat(np.arange(len(names)), per_class)
    return ImageDataset(
        name="tiny",
        split="train",
        classes=Classes(names),
        labels=labels,
        sizes=np.full((n, 2), size, dtype=np.int32),
        rows=np.arange(n),
        content=np.array([content_of(hashlib.sha256(e).digest()) for e in encoded]),
        fingerprint="f" * 64,
        encoded_bytes=sum(map(len, encoded)),
        skipped=("bee/bad.png",),
        origin=PngRows(encoded, tuple(f"{names[c]}/{i}.png" for i, c in enumerate(labels))),
    )


def make_plan(
    classes: int = 3, ipc: int = 2, factor: int = 1, size: int = 6, per_class: int = 4
) -> Plan:
    """Every class's images in order, `factor` x `factor` whole images a canvas."""
    tiles, m = factor * factor, classes * ipc
    label = np.repeat(np.arange(classes), ipc)
    within = np.arange(ipc * tiles) % per_class
    source = (np.arange(classes)[:, None] * per_class + within).reshape(m, tiles)
    edges = [(k * size) // factor for k in range(factor + 1)]
    boxes = [
        (edges[x], edges[y], edges[x + 1], edges[y + 1])
        for y in range(factor)
        for x in range(factor)
    ]
    return Plan(
        size=size,
        resample="antialias",
        source=source,
        source_box=np.tile(np.array([0, 0, size, size], dtype=np.int32), (m, tiles, 1)),
        tile_box=np.tile(np.array(boxes, dtype=np.int32), (m, 1, 1)),
        label=label,
    )


def write(
    plan: Plan,
    dataset: ImageDataset,
    out: Path,
    codec: str = "png",
    *,
    about: About = ABOUT,
    workers: int = 1,
    progress: Progress | None = None,
    **options: bool,
) -> CompressedDataset:
    """Write a plan over a dataset as a set."""
    by = Encoding(Codec.parse(codec), workers, progress=progress)
    return store.write(Rendered(plan, dataset), dataset, out, by=by, about=about, **options)


@pytest.fixture
def dataset() -> ImageDataset:
    return make_dataset()


@pytest.fixture
def plan() -> Plan:
    return make_plan()


@pytest.fixture
def made(tmp_path: Path) -> CompressedDataset:
    """A set of two images of each class, as PNG in the folder `out`."""
    return write(make_plan(), make_dataset(), tmp_path / "out")
