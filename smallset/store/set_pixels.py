"""The images of a large set for the training loop: in a mapped file, or decoded on demand."""

from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from smallset.data import MappedPixels, Pixels
from smallset.data.cache_file import CacheFile
from smallset.data.decode import DECODE_VERSION
from smallset.lazy import Tensor, torch
from smallset.records import Progress
from smallset.store.read import CompressedDataset

_CHUNK = 256


class StreamedSet:
    """A set's images decoded anew for each batch, in threads; nothing is kept."""

    def __init__(self, made: CompressedDataset, *, workers: int) -> None:
        self.size = made.manifest.size
        self.labels = made.labels
        self._made, self._workers = made, workers

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Decode the images at `indices` into a fresh tensor, channels_last in memory."""
        pixels = self._made.images(indices, workers=self._workers)
        return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def pixel_bytes(made: CompressedDataset) -> int:
    """Give the bytes of all images of a set, decoded."""
    return len(made) * made.manifest.size**2 * 3


def set_pixels(
    made: CompressedDataset,
    *,
    work: Path | None,
    workers: int = 0,
    progress: Progress | None = None,
) -> Pixels:
    """Give a set's images without holding them in memory.

    With a work folder they are decoded once into a file there, which later calls find by the set's
    digest and the decode version; with None every batch is decoded when asked for. Raises OSError
    where the folder has too little space or cannot be written, ValueError as `made.images`.
    """
    if work is None:
        return StreamedSet(made, workers=workers)
    size, total = made.manifest.size, len(made)
    path = work / "pixels" / f"{made.manifest.digest[:32]}-set-v{DECODE_VERSION}.uint8"
    needed = pixel_bytes(made)
    if not path.exists() or path.stat().st_size != needed:
        with CacheFile(path, needed) as file:
            for start in range(0, total, _CHUNK):
                rows = np.arange(start, min(start + _CHUNK, total))
                file.append(made.images(rows, workers=workers))
                if progress is not None:
                    progress(f"decode the set at {size} px", int(rows[-1]) + 1, total)
    return MappedPixels(path, made.labels, size)
