"""Observers: the networks that scores look through, and how they are trained."""

from dataclasses import dataclass, replace

from smallset.models import check_model
from smallset.spec import nearest
from smallset.train.protocol import Protocol
from smallset.train.views import Canvas

OBSERVER_V1 = Protocol(
    "observer-v1",
    "SGD 0.1 nesterov, cosine, batch 128, mild crops (area 0.6-1) and flips",
    batch=128, epochs=10, optimizer="sgd", rate=0.1, weight_decay=5e-4, momentum=(0.9, 0.0),
)  # fmt: skip
RECIPES: dict[str, Protocol] = {OBSERVER_V1.name: OBSERVER_V1}
VIEW = Canvas(scale=(0.6, 1.0))


@dataclass(frozen=True)
class Observer:
    """A network trained on the full training data, through which a score looks at it.

    `model="auto"` is resnet8 up to 64 px and resnet10 above. It looks `snapshots` times within each
    epoch, evenly, the last time at its end. `seed` is the observer seed of a replicate and
    independent of the set's.
    """

    model: str = "auto"
    epochs: int = 10
    recipe: str = "observer-v1"
    snapshots: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model != "auto":
            check_model(self.model)
        if self.epochs < 1:
            raise ValueError(f"observer's epochs={self.epochs} trains nothing. Give at least 1.")
        if self.snapshots < 1:
            raise ValueError(
                f"observer's snapshots={self.snapshots} records nothing. Give how often an epoch "
                "it is looked at, at least 1."
            )
        if self.recipe not in RECIPES:
            raise ValueError(f"there is no recipe {self.recipe!r}. {nearest(self.recipe, RECIPES)}")

    def resolved(self, *, size: int) -> "Observer":
        """Name the network that `auto` stands for at an image size in pixels."""
        if self.model != "auto":
            return self
        return replace(self, model="resnet8" if size <= 64 else "resnet10")
