"""How an observer's probabilities change from epoch to epoch: one pass with its kept networks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.train.evaluation import inference_batch, predict
from smallset.train.loop import Images

_HELD = 1 << 23
"""Probabilities held at once, 32 MiB: a chunk is as many images as that has rows."""


@dataclass(frozen=True)
class Stretch:
    """Some of the images, `count` from `start` on."""

    images: Images
    start: int
    count: int

    @property
    def size(self) -> int:
        """Side in pixels."""
        return self.images.size

    def __len__(self) -> int:
        return self.count

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Give the images at `indices` of the stretch."""
        return self.images.batch(indices + self.start)


def divergences(
    observed: Observed, observer: Observer, *, epochs: int, run: int
) -> Float32[np.ndarray, "n t"]:
    """Give D of TDDS for each image and each two consecutive of the first `epochs`, from disk.

    Column t is the sum over classes of |q (log(q + 1e-8) - log(p + 1e-8))|, p the probabilities at
    the end of epoch t and q an epoch later; epochs - 1 columns, 4 bytes each. The observer trains
    only where its run is not there yet. No probabilities reach the disk, and memory holds those of
    a chunk of images.
    """

    def rows() -> Iterator[Float32[np.ndarray, "b t"]]:
        n, side = len(observed.images), observed.images.size
        batch = inference_batch(side)
        # Whole batches, so that values don't depend on how images are cut into chunks.
        chunk = max(1, _HELD // observed.classes // batch) * batch
        for start in range(0, n, chunk):
            stretch = Stretch(observed.images, start, min(chunk, n - start))
            yield _changes(observed, observer, stretch, epochs=epochs, run=run)

    return observed.kept(observer, f"divergences-{epochs}", rows, run=run)


def _changes(
    observed: Observed, observer: Observer, stretch: Stretch, *, epochs: int, run: int
) -> Float32[np.ndarray, "b t"]:
    changes = np.empty((len(stretch), epochs - 1), np.float32)
    held = np.empty((len(stretch), observed.classes), np.float32)
    for epoch in range(1, epochs + 1):
        model = observed.network(observer, run=run, epoch=epoch)
        for indices, logits in predict(model, stretch, machine=observed.machine):
            later = logits.softmax(1).cpu().numpy()
            if epoch > 1:
                changes[indices, epoch - 2] = divergence(held[indices], later)
            held[indices] = later
            if observed.progress is not None:
                before = stretch.start * epochs + (epoch - 1) * len(stretch)
                total = len(observed.images) * epochs
                observed.progress("score", before + int(indices[-1]) + 1, total)
    return changes


def divergence(
    p: Float32[np.ndarray, "b c"], q: Float32[np.ndarray, "b c"]
) -> Float32[np.ndarray, " b"]:
    """Give the sum over classes of |q (log(q + 1e-8) - log(p + 1e-8))| (TDDS)."""
    small = 1e-8
    p, q = p.astype(np.float64), q.astype(np.float64)  # in float32, 1 + 1e-8 is 1
    change: np.ndarray = np.abs(q * (np.log(q + small) - np.log(p + small))).sum(1)
    return change.astype(np.float32)
