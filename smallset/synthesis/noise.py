"""Pure noise: the control of the whole field."""

from dataclasses import dataclass

import numpy as np

from smallset.budget import Wanted
from smallset.models import MEAN, STD
from smallset.observers.observed import Observed
from smallset.records import Plan, Progress
from smallset.shapes import UInt8
from smallset.store import Canvases, Rows
from smallset.synthesis.batches import labels_of
from smallset.synthesis.starts import NoiseStart
from smallset.synthesis.synthesis import Synthesis, check_numbers


@dataclass(frozen=True)
class PureNoise(Synthesis):
    """Noise of no class, from no image: what labels alone can teach.

    Independent numbers of mean 0 and variance 1 in normalised space, clamped to colours.
    """

    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD

    def __post_init__(self) -> None:
        check_numbers(
            self,
            mean=(0 <= min(self.mean) <= max(self.mean) <= 1, "that of pixels in 0..1"),
            std=(min(self.std) > 0, "that of pixels in 0..1, above 0"),
        )

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Draw nothing yet."""
        size = seen.images.size
        start = NoiseStart(size, wanted.counts, seed)
        return NoiseCanvases(
            Plan.without_sources(size, labels_of(wanted.counts)), start, self.mean, self.std
        )


@dataclass(frozen=True, eq=False)
class NoiseCanvases(Canvases):
    """Noise as pixels."""

    plan: Plan
    start: NoiseStart
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def draw(self, rows: Rows, progress: Progress | None = None) -> UInt8[np.ndarray, "k s s 3"]:
        """Draw any rows; bytes are cut off and not rounded, as in every synthesis."""
        mean, std = (np.array(one, np.float32)[:, None, None] for one in (self.mean, self.std))
        shown = np.clip(self.start(rows) * std + mean, 0, 1) * np.float32(255)
        return np.ascontiguousarray(shown.astype(np.uint8).transpose(0, 2, 3, 1))
