"""Observers: the networks through which scores, selectors and syntheses look at images."""

from smallset.observers.observer import AnyObserver, Observer, Pretrained

OBSERVERS: dict[str, type[AnyObserver]] = {
    "observer": Observer,
    "NETWORK(weights=..., classes=...)": Pretrained,
}

__all__ = ["OBSERVERS", "AnyObserver", "Observer", "Pretrained"]
