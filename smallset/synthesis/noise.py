"""Pure noise, the control for all other methods."""

from dataclasses import dataclass, field

import numpy as np

from smallset.budget import Wanted
from smallset.models import MEAN, STD
from smallset.observers.observed import Observed
from smallset.records import Plan, Progress
from smallset.shapes import Int64, UInt8
from smallset.spec import LATER
from smallset.store import Canvases, Rows
from smallset.synthesis.batches import labels_of
from smallset.synthesis.starts import NoiseStart
from smallset.synthesis.synthesis import Synthesis, check_numbers


@dataclass(frozen=True)
class PureNoise(Synthesis):
    """Noise that shows no class and uses no image, to see what labels alone can teach.

    Independent numbers of mean 0 and variance 1 are turned into pixels by `mean` and `std`, and
    clamped to 0..1. Each number fills a square of `grain` pixels a side. With a larger grain, the
    noise has larger shapes.
    """

    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD
    grain: int = field(default=1, metadata=LATER)

    def __post_init__(self) -> None:
        check_numbers(
            self,
            mean=(0 <= min(self.mean) <= max(self.mean) <= 1, "the mean of pixels in 0..1"),
            std=(min(self.std) > 0, "the standard deviation of pixels in 0..1, above 0"),
            grain=(self.grain >= 1, "the side of a square in pixels, at least 1"),
        )

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError for squares larger than the images."""
        size = seen.images.size
        check_numbers(self, grain=(self.grain <= size, f"at most the images' side, {size} pixels"))

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Return canvases that draw the noise later."""
        size = seen.images.size
        start = NoiseStart(-(-size // self.grain), wanted.counts, seed)
        plan = Plan.without_sources(size, labels_of(wanted.counts))
        return NoiseCanvases(plan, start, self)


@dataclass(frozen=True, eq=False)
class NoiseCanvases(Canvases):
    """Canvases of noise. Each number fills a square of `grain` pixels a side."""

    plan: Plan
    start: NoiseStart
    noise: PureNoise

    def draw(self, rows: Rows, progress: Progress | None = None) -> UInt8[np.ndarray, "k s s 3"]:
        """Draw any rows. Bytes are rounded down, as in every synthesis."""
        size, grain = self.plan.size, self.noise.grain
        colours = (self.noise.mean, self.noise.std)
        mean, std = (np.array(colour, np.float32)[:, None, None] for colour in colours)
        shown = np.clip(self.start(rows) * std + mean, 0, 1) * np.float32(255)
        coarse = shown.astype(np.uint8).transpose(0, 2, 3, 1)
        whole = coarse.repeat(grain, axis=1).repeat(grain, axis=2)
        return np.ascontiguousarray(whole[:, :size, :size])
