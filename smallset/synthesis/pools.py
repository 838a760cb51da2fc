"""Pools of observers that take turns, by name."""

from dataclasses import replace

from smallset.observers import OBSERVERS, AnyObserver, Observer, Pretrained
from smallset.spec import nearest, write

Pool = str | tuple[AnyObserver, ...]

SMALL = "small"


def _trained(*models: str) -> tuple[Observer, ...]:
    return tuple(Observer(model) for model in models)


def _torchvision(*names: str) -> tuple[Pretrained, ...]:
    """Name networks that come with weights for ImageNet-1K's classes in their usual order."""
    return tuple(Pretrained(f"torchvision:{name}(weights=default, classes=same)") for name in names)


POOLS: dict[str, tuple[AnyObserver, ...]] = {
    # Two with BatchNorm and one without, trained in minutes on two cores.
    SMALL: _trained("auto", "resnet20", "convnet-d3"),
    # As published for CIFAR and Tiny-ImageNet, but for WRN-16-2, which is in no library here.
    "cifar": _trained(
        "resnet18-3x3", "convnet-d3", "mobilenet-v2", "torchvision:shufflenet_v2_x0_5"
    ),
    "imagenet": _torchvision("resnet18", "mobilenet_v2", "efficientnet_b0", "shufflenet_v2_x0_5"),
    "imagenet-edc": _torchvision(
        "resnet18", "mobilenet_v2", "efficientnet_b0", "shufflenet_v2_x0_5", "alexnet"
    ),
}


def pool_of(pool: Pool, *, epochs: int | None) -> tuple[AnyObserver, ...]:
    """Return the observers of a pool; those of a named one train `epochs` (None: as they say).

    Raises ValueError for an unknown name, a pool of no observers, and epochs of other observers.
    """
    if isinstance(pool, tuple):
        if not pool or epochs is not None:
            named = write(pool, {Observer: OBSERVERS}, brief=True)
            raise ValueError(
                f"pool={named} names its own observers, so epochs={epochs} says nothing. Give "
                "each observer its epochs: pool=(observer(model=resnet8, epochs=5),)."
                if pool
                else "the pool has no observer. Give one at least, or the name of a pool."
            )
        return pool
    if pool not in POOLS:
        raise ValueError(f"there is no pool {pool!r}. {nearest(pool, POOLS)} Or give observers.")
    if epochs is None:
        return POOLS[pool]
    return tuple(
        replace(one, epochs=epochs) if isinstance(one, Observer) else one for one in POOLS[pool]
    )
