"""Observers: the networks whose outputs scores, selectors and syntheses use."""

from smallset.observers.observer import AnyObserver, Observer, Pretrained

OBSERVERS: dict[str, type[AnyObserver]] = {
    "observer": Observer,
    "NETWORK(weights=..., classes=...)": Pretrained,
}

__all__ = ["OBSERVERS", "AnyObserver", "Observer", "Pretrained"]
