"""RDED: the crops of real images that an observer finds easiest, several on a canvas."""

from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

import numpy as np

from smallset.budget import Wanted
from smallset.mosaic import Grid
from smallset.numbers import counted
from smallset.observers import AnyObserver, Observer
from smallset.observers.observed import Observed
from smallset.records import Selection
from smallset.seeds import generator
from smallset.shapes import Int32, Int64
from smallset.store.canvases import Rendered
from smallset.synthesis.crops import CropRule, best_crops
from smallset.synthesis.synthesis import Synthesis, check_numbers

_POOL = 300
"""How many images of a class the paper draws."""


@dataclass(frozen=True)
class RDED(Synthesis):
    """Crops of real images that an observer finds easiest, some on a canvas (arXiv 2312.03526).

    The set seed draws `pool` images of each class (auto: 300, or more if the canvases need more). A
    class with fewer images gives all. Each image gets `crops` random crops. `area` is the range of
    a crop's share of the image, `ratio` that of its width divided by its height. The observer sees
    a crop in its final size, on a canvas of the mean colour. The crop with the least cross entropy
    represents its image. The best images fill the canvases of their class, `factor` x `factor` on
    each: first one cell of every canvas, then the next. `factor=auto` is 2 from 128 px and 1 below.
    A budget counts the canvases.
    """

    observer: AnyObserver = Observer()
    factor: int | Literal["auto"] = "auto"
    crops: int = 5
    pool: int | Literal["auto"] = "auto"
    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        check_numbers(
            self,
            factor=(self.factor == "auto" or self.factor >= 1, "the tiles a side, or auto"),
            crops=(self.crops >= 1, "the crops of an image, at least 1"),
            pool=(self.pool == "auto" or self.pool >= 1, "images of each class, or auto"),
            area=(0 < self.area[0] <= self.area[1] <= 1, "shares with 0 < low <= high <= 1"),
            ratio=(0 < self.ratio[0] <= self.ratio[1], "ratios with 0 < low <= high"),
        )

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observer."""
        return (self.observer,)

    @property
    def tiles(self) -> int:
        """The number of crops on a canvas. 1 until `factor=auto` is settled."""
        return 1 if self.factor == "auto" else self.factor**2

    def resolved(self, *, size: int) -> "RDED":
        """Return the same synthesis with its network and its factor settled for `size` pixels."""
        observer, factor = self.observer.resolved(size=size), self._grid(size).factor
        return replace(self, observer=observer, factor=factor)

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError if a class or the pool has too few images, or a canvas is too small."""
        size = seen.images.size
        grid = self._grid(size)
        grid(Selection(np.empty(0, np.int64)), seen.labels, _nowhere(seen), size=size)
        have = np.bincount(seen.labels, minlength=seen.classes)
        there = have if self.pool == "auto" else np.minimum(have, self.pool)
        needs = counts * grid.tiles
        worst = int(np.argmin(there - needs))
        needed, least = int(needs[worst]), int(there[worst])
        if needed <= least:
            return
        factor = isqrt(int((there // counts).min()))
        remedies = [f"ipc<={least // grid.tiles}"] if least >= grid.tiles else []
        remedies += [f"factor<={factor}"] if factor else []
        remedies += [f"pool>={needs.max()}"] if (needs <= have).all() else []
        raise ValueError(
            f"the crops on a canvas are of different images, so ipc={counts[worst]} with "
            f"factor={grid.factor} needs {counted(needed, 'image')} of the class "
            f"{seen.dataset.classes.names[worst]!r}, but it has {least}"
            f"{f' in a pool of {self.pool}' if least < have[worst] else ''}. "
            f"Use {', or '.join(remedies) or 'more images of that class'}."
        )

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Rendered:
        """Find the best crops and lay them out. The observer may be trained first."""
        size = seen.images.size
        grid = self._grid(size)
        needed = (wanted.counts * grid.tiles).tolist()
        pools = [self._pool(seen, label, n, seed) for label, n in enumerate(needed)]
        rule = CropRule(self.crops, self.area, self.ratio, size // grid.factor, size)
        network = seen.network(self.observer)
        found = best_crops(seen, self.observer, network, pools, rule, seed=seed)
        boxes, chosen = _nowhere(seen), []
        for images, best, n in zip(pools, found, needed, strict=True):
            order = np.argsort(best["loss"], kind="stable")[:n]
            boxes[images[order]] = best["box"][order]
            # The crop of rank k * ipc + j becomes cell k of canvas j.
            chosen.append(images[order].reshape(grid.tiles, -1).T.ravel())
        plan = grid(Selection(np.concatenate(chosen)), seen.labels, boxes, size=size)
        return Rendered(plan, seen.dataset)

    def _grid(self, size: int) -> Grid:
        return Grid((2 if size >= 128 else 1) if self.factor == "auto" else self.factor)

    def _pool(self, seen: Observed, label: int, needed: int, seed: int) -> Int64[np.ndarray, " k"]:
        """Draw the images of a class; a larger pool begins with a smaller one."""
        images = max(_POOL, needed) if self.pool == "auto" else self.pool
        own = np.flatnonzero(seen.labels == label)
        return generator(seed, "pool", label).permutation(own)[:images]


def _nowhere(seen: Observed) -> Int32[np.ndarray, "n 4"]:
    """Return a box for each image, not yet filled in."""
    return np.zeros((len(seen.labels), 4), np.int32)
