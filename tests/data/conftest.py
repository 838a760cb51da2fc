"""Small images of known pixels, written as folders and as parquet files."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image


def encode(pixels: np.ndarray, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def image(seed: int, size: tuple[int, int] = (9, 7)) -> np.ndarray:
    """Random RGB pixels, (height, width, 3) for size = (width, height)."""
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[[Mapping[str, bytes | int]], Path]:
    """Write files by path below a fresh folder; a number makes a random PNG of that seed."""

    def write(files: Mapping[str, bytes | int]) -> Path:
        root = tmp_path / "set"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(image(content)) if isinstance(content, int) else content)
        return root

    return write


@pytest.fixture
def write_parquet(tmp_path: Path) -> Callable[..., Path]:
    """Write `<split>-00000-of-00001.parquet` files in the Hub's layout, random PNGs with labels."""

    def write(
        splits: Mapping[str, Sequence[int | str | None]],
        *,
        names: Sequence[str] | None = None,
        label: str = "label",
        folder: str = "set",
    ) -> Path:
        root = tmp_path / folder
        root.mkdir(parents=True, exist_ok=True)
        for number, (split, labels) in enumerate(splits.items()):
            pictures = [
                {"bytes": encode(image(1000 * number + row)), "path": f"{row}.png"}
                for row in range(len(labels))
            ]
            features = datasets.Features({"image": datasets.Image(decode=True)})
            if names is not None:
                features[label] = datasets.ClassLabel(names=list(names))
            elif any(isinstance(value, str) for value in labels):
                features[label] = datasets.Value("string")
            else:
                features[label] = datasets.Value("int64")
            table = datasets.Dataset.from_dict(
                {"image": pictures, label: list(labels)}, features=features
            )
            table.to_parquet(root / f"{split}-00000-of-00001.parquet")
        return root

    return write


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"
