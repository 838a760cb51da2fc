"""Where the images of a set lie: in class folders as written, or as they were exported."""

from pathlib import Path

from smallset.store.manifest import MANIFEST

TRAIN = "train"


def layout_of(path: Path) -> str | None:
    """Name the format that a folder of ours was exported to; None for a set as it was made."""
    if not (path / MANIFEST).is_file():
        return None
    if shards(path):
        return "hub"
    if (path / TRAIN).is_dir():  # no class folder of a set has this name
        return "imagefolder"
    return "webdataset" if any(path.glob("train-*.tar")) else None


def shards(path: Path) -> list[Path]:
    """List the parquet shards of an export to hub."""
    return sorted((path / "data").glob(f"{TRAIN}-*.parquet"))
