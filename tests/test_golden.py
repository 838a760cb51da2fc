"""What fixed specs and seeds make: the same images and the same plan, whatever is refactored.

The hashes are of decoded pixels and of the plan's values, which do not depend on the versions of
codecs and file formats. Scores come from a file, so they do not depend on a processor either.
"""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import smallset
from smallset.data.decode import decode
from smallset.store.plan_table import PLAN

RANKED = "score=file(scores.npy)"
GOLDEN = {
    "random": ("random", {"ipc": 3}, "9d146cab"),
    "random by another seed": ("random", {"ipc": 3, "seed": 7}, "51999816"),
    "easiest": (f"prune({RANKED})", {"ipc": 3}, "ad4071db"),
    "PCA": (f"pca({RANKED})", {"ipc": 2}, "4bd41d8f"),
    "PCA with options": (
        f"pca({RANKED}, factor=3, resize=nearest, content=centre, pool=11)",
        {"ipc": 1, "size": 31, "fit": "crop"},
        "8125cb29",
    ),
    "CCS": (f"ccs({RANKED}, beta=0.2, strata=4)", {"ipc": 4}, "00a94d62"),
    "middle": (f"prune({RANKED}, select=middle(quantiles=(0.2, 0.8)))", {"ipc": 4}, "b0744746"),
    "unbalanced": (f"prune({RANKED}, select=hardest(balanced=false))", {"ipc": 2}, "0c17aa83"),
    "a share": (f"prune({RANKED})", {"keep": 0.4, "short_classes": "keep"}, "00b9ec2b"),
    "original bytes": ("random", {"ipc": 2, "codec": "original", "size": 16}, "03857c9f"),
    "padded WebP": ("random", {"ipc": 2, "codec": "webp:80", "size": 24, "fit": "pad"}, "d78d4100"),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Write three classes of 12 oblong images, and a score for each training image."""
    root = tmp_path_factory.mktemp("golden")
    random = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 2)):
        for name in ("ape", "bee", "cow"):
            folder = root / "data" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(0, 256, (20 + i, 30 - i, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{i:02d}.png")
    np.save(root / "scores.npy", random.normal(size=36))
    return root


def fingerprint(folder: Path) -> str:
    """Hash the pixels of every file by path, and the columns of the plan that name no bytes."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*/*")):
        pixels = decode(file.read_bytes())
        if file.suffix == ".webp":  # lossy: a decoder may round in another way
            pixels = pixels // 64
        digest.update(f"{file.relative_to(folder)} {pixels.shape}".encode() + pixels.tobytes())
    table = pq.ParquetFile(folder / PLAN).read(use_threads=False)
    kept = table.drop_columns(["sha256", "file_bytes"])
    digest.update(repr(kept.to_pylist()).encode())
    return digest.hexdigest()[:8]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_set_is_what_it_was(source, tmp_path, monkeypatch, name):
    monkeypatch.chdir(source)
    method, options, golden = GOLDEN[name]
    smallset.compress("data", tmp_path / "set", method=method, work=tmp_path / "work", **options)
    assert fingerprint(tmp_path / "set") == golden
