"""Small images of known pixels, written as folders and as parquet files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import datasets
import pytest
from images_toy import noise, saved


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[[Mapping[str, bytes | int]], Path]:
    """Write files by path below a fresh folder; a number makes a random PNG of that seed."""

    def write(files: Mapping[str, bytes | int]) -> Path:
        root = tmp_path / "set"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(saved(noise(content)) if isinstance(content, int) else content)
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
                {"bytes": saved(noise(1000 * number + row)), "path": f"{row}.png"}
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
