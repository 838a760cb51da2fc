"""Square images of one size for training: decoded once into a mapped file, or on demand."""

import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Protocol, runtime_checkable

import numpy as np

from smallset.data.dataset import ImageDataset
from smallset.data.decode import DECODE_VERSION
from smallset.data.fit import View, is_small_or_square, view_square
from smallset.data.threads import ordered, thread_count
from smallset.files import replacing
from smallset.lazy import Tensor, torch
from smallset.records import Progress, Resample
from smallset.shapes import Int64, UInt8

_CHUNK = 64


@runtime_checkable
class Pixels(Protocol):
    """Square images of `size` pixels, by position. Several threads may call `batch`."""

    size: int
    labels: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Copy the images at `indices` into a fresh tensor, channels_last in memory."""


class MappedPixels(Pixels):
    """Square images in one mapped file `path` of uint8 (n, s, s, 3), not copied into memory.

    There is one image for each label. `start` is the number of images before them in the file.
    """

    def __init__(
        self, path: Path, labels: Int64[np.ndarray, " n"], size: int, *, start: int = 0
    ) -> None:
        self.path = path
        self.size = size
        self.labels = labels
        shape = (len(labels), size, size, 3)
        # A plain view is faster: indexing np.memmap itself makes a subclass object every time.
        first = start * size * size * 3
        self._squares = np.asarray(np.memmap(path, np.uint8, "r", first, shape))

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Copy the images at `indices` into a fresh tensor, channels_last in memory."""
        return torch.from_numpy(self._squares[indices]).permute(0, 3, 1, 2)


class StreamedPixels(Pixels):
    """Square images that are decoded again for each batch, in threads. Nothing is kept."""

    def __init__(
        self,
        square: Callable[[int], UInt8[np.ndarray, "s s 3"]],
        labels: Int64[np.ndarray, " n"],
        size: int,
        *,
        threads: int,
    ) -> None:
        self.size = size
        self.labels = labels
        self._square = square
        self._pool = ThreadPoolExecutor(threads, "smallset")
        weakref.finalize(self, self._pool.shutdown, wait=False)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Decode the images at `indices` into a fresh tensor, channels_last in memory."""
        squares = np.empty((len(indices), self.size, self.size, 3), np.uint8)

        def draw(start: int) -> None:
            for place in range(start, min(start + 16, len(indices))):
                squares[place] = self._square(int(indices[place]))

        for _ in self._pool.map(draw, range(0, len(indices), 16)):
            pass
        return torch.from_numpy(squares).permute(0, 3, 1, 2)


class LaterPixels(Pixels):
    """Pixels whose size and labels are known, but which `make` decodes only at the first use."""

    def __init__(
        self, labels: Int64[np.ndarray, " n"], size: int, make: Callable[[], Pixels]
    ) -> None:
        self.size = size
        self.labels = labels
        self._make = make
        self._made: Pixels | None = None
        self._lock = Lock()

    @property
    def path(self) -> Path | None:
        """The mapped file, or None if the images are streamed. Reading this calls `make`."""
        return getattr(self._pixels(), "path", None)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Copy the images at `indices` into a fresh tensor. Raises the errors of `make`."""
        return self._pixels().batch(indices)

    def _pixels(self) -> Pixels:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


def pixel_cache(
    dataset: ImageDataset,
    size: int,
    *,
    view: View,
    work: Path | None,
    resample: Resample = "antialias",
    workers: int = 0,
    progress: Progress | None = None,
) -> Pixels:
    """Return the images of a split as squares of `size` pixels.

    If `work` is a folder, the images are decoded once into a file of n * size * size * 3 bytes in
    it. Later calls find the file by fingerprint, split, size, view and decode version. If `work` is
    None ("--cache none"), every batch is decoded when it is needed.

    `view` is a fit (squash, crop, pad) or "test", the view in which students are tested. The name
    of the file leaves out `resample`. Change it only for sets, whose fingerprint contains it.

    Raises ValueError if `size` is below 1, and OSError if the folder has too little space or cannot
    be written.
    """
    if size < 1:
        raise ValueError(f"Given size={size}; needed 1 pixel or more. Use a size such as 32.")
    total, whole = len(dataset), is_small_or_square(dataset.sizes)
    threads = thread_count(workers, mean_bytes=dataset.encoded_bytes / max(1, total))

    def square(i: int) -> UInt8[np.ndarray, "s s 3"]:
        return view_square(dataset.pixels(i), size, view, whole=whole, resample=resample)

    def blocks() -> Iterator[UInt8[np.ndarray, "k s s 3"]]:
        chunks = (range(total)[start : start + _CHUNK] for start in range(0, total, _CHUNK))
        done = 0
        for block in ordered(lambda c: np.stack([*map(square, c)]), chunks, threads=threads):
            yield block
            done += len(block)
            if progress is not None:
                progress(f"decode {dataset.split} at {size} px", done, total)

    if work is None:
        return StreamedPixels(square, dataset.labels, size, threads=threads)
    name = f"{dataset.fingerprint[:32]}-{dataset.split}-{size}px-{view}-v{DECODE_VERSION}.uint8"
    path = work / "pixels" / name
    needed = total * size * size * 3
    if not path.exists() or path.stat().st_size != needed:
        _write(path, needed, blocks())
    return MappedPixels(path, dataset.labels, size)


def _write(path: Path, needed: int, blocks: Iterable[np.ndarray]) -> None:
    """Write the bytes of all blocks to a file, which appears whole or not at all.

    The file is written rather than mapped, so that a full disk raises an error instead of killing
    the process. Raises OSError naming the bytes needed and free, the folder, and ways out. The
    errors of the blocks stay as they are.
    """
    folder = path.parent
    of_blocks: OSError | None = None

    def drawn() -> Iterator[np.ndarray]:
        nonlocal of_blocks
        try:
            yield from blocks
        except OSError as error:
            of_blocks = error
            raise

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < needed:
            raise OSError
        with replacing(path) as file:
            for block in drawn():
                file.write(np.ascontiguousarray(block).data)
    except OSError as error:
        if error is of_blocks:
            raise
        at = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(at).free
        why = f"cannot be written: {error.strerror}" if error.strerror else "too little space"
        raise OSError(
            f"The decoded-pixel cache needs {needed:,} bytes in {str(folder)!r}, where {free:,} "
            f"are free ({why}). Choose another folder with --work DIR, or decode on demand with "
            "--cache none."
        ) from error
