"""Pools of observers that take turns, by name, and what G-VBSM and EDC share."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from smallset.observers import OBSERVERS, AnyObserver, Observer, Pretrained
from smallset.observers.observed import Observed
from smallset.shapes import Int64
from smallset.spec import nearest, write
from smallset.store import Rows
from smallset.synthesis.batches import by_rank, class_major
from smallset.synthesis.layers import over_batches
from smallset.synthesis.matched import PoolTargets
from smallset.synthesis.optimised import Numbers, Optimised, Setting

Pool = str | tuple[AnyObserver, ...]


def _trained(*models: str) -> tuple[Observer, ...]:
    return tuple(Observer(model) for model in models)


def _torchvision(*names: str) -> tuple[Pretrained, ...]:
    """Name networks that come with weights for ImageNet-1K's classes in their usual order."""
    return tuple(Pretrained(f"torchvision:{name}(weights=default, classes=same)") for name in names)


POOLS: dict[str, tuple[AnyObserver, ...]] = {
    # Two with BatchNorm and one without, trained in minutes on two cores.
    "small": _trained("auto", "resnet20", "convnet-d3"),
    # As published for CIFAR and Tiny-ImageNet, without WRN-16-2, which no library here has.
    "cifar": _trained(
        "resnet18-3x3", "convnet-d3", "mobilenet-v2", "torchvision:shufflenet_v2_x0_5"
    ),
    "imagenet": _torchvision("resnet18", "mobilenet_v2", "efficientnet_b0", "shufflenet_v2_x0_5"),
    "imagenet-edc": _torchvision(
        "resnet18", "mobilenet_v2", "efficientnet_b0", "shufflenet_v2_x0_5", "alexnet"
    ),
}


def pool_of(pool: Pool, *, epochs: int | None) -> tuple[AnyObserver, ...]:
    """Return the observers of a pool, which is a name of `POOLS` or a tuple of observers.

    Observers of a named pool that are not pretrained train for `epochs` epochs (None: for their
    default). Raises ValueError for an unknown name, an empty tuple, or a tuple with `epochs`.
    """
    if isinstance(pool, str):
        if pool not in POOLS:
            raise ValueError(
                f"there is no pool {pool!r}. {nearest(pool, POOLS)} Or give observers."
            )
        return tuple(
            one if epochs is None or isinstance(one, Pretrained) else replace(one, epochs=epochs)
            for one in POOLS[pool]
        )
    if not pool:
        raise ValueError("the pool has no observer. Give at least one, or the name of a pool.")
    if epochs is not None:
        raise ValueError(
            f"pool={write(pool, {Observer: OBSERVERS}, brief=True)} names its own observers, so "
            f"epochs={epochs} cannot be used. Give each observer its epochs: "
            "pool=(observer(model=resnet8, epochs=5),)."
        )
    return pool


@dataclass(frozen=True)
class Pooled(Optimised):
    """Images that several observers take turns to change."""

    pool: Pool = "small"
    setting: Setting = "auto"
    epochs: int | None = None
    iterations: int | None = None
    rate: float | None = None
    r_match: float | None = None
    first: float = 10.0
    batch: int | None = None
    together: Literal["class", "rank"] = "class"
    area: tuple[float, float] | None = None
    flip: float | None = None
    roll: tuple[int, int] | None = None
    pad: int | None = None
    memory: float | None = None
    convolutions: bool = True
    drop: float | None = None
    patch: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        pool_of(self.pool, epochs=self.epochs)

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers of the pool, in turn."""
        return pool_of(self.pool, epochs=self.epochs)

    def through(self, observer: AnyObserver) -> "Pooled":
        """Return the same synthesis with another first observer.

        The other observers take its seed, unless they are pretrained.
        """
        rest = [
            replace(one, seed=observer.seed) if isinstance(one, Observer) else one
            for one in self.observers[1:]
        ]
        return replace(self, pool=(observer, *rest), epochs=None)

    def resolved(self, *, size: int) -> "Pooled":
        """Return the same synthesis with each observer's network named, for `size` pixels."""
        epochs = self.numbers(size).epochs if isinstance(self.pool, str) else None
        own = pool_of(self.pool, epochs=epochs)
        return replace(self, pool=tuple(one.resolved(size=size) for one in own), epochs=None)

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError if convolutions are off and an observer has no BatchNorm layer."""
        del counts
        if not self.convolutions:
            self._check_norms(seen)

    def _batches(self, counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
        return (class_major if self.together == "class" else by_rank)(counts, images)

    def _targets(self, seen: Observed, observer: AnyObserver, numbers: Numbers) -> PoolTargets:
        whole = None
        if self.convolutions:
            whole = over_batches(seen, observer, numbers.looked, numbers.patch)
        return PoolTargets(
            whole=whole,
            memory=numbers.memory,
            drop=numbers.drop,
            patch=numbers.patch,
            first=self.first,
        )
