"""Observers: the networks that scores use, trained for the score or pretrained."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from smallset.models import MODELS, check_model, check_teacher_files, library_of
from smallset.models.adapters import ADAPTERS
from smallset.models.spec import read_model
from smallset.numbers import check_number
from smallset.spec import Spelled, nearest, quoted
from smallset.train.protocol import MOST_EPOCHS, Protocol, check_epochs
from smallset.train.views import Canvas

OBSERVER_V1 = Protocol(
    "observer-v1",
    "SGD 0.1 nesterov, cosine, batch 128, mild crops (area 0.6-1) and flips",
    batch=128, epochs=10, optimizer="sgd", rate=0.1, weight_decay=5e-4, momentum=(0.9, 0.0),
)  # fmt: skip
# Epochs "auto" gives this many steps, within bounds, since the network of each epoch is kept. The
# numbers were chosen on parts of the training splits of CIFAR-10 and Imagenette: docs/observers.md.
_STEPS, _FEWEST, _MOST = 2000, 10, 60
RECIPES: dict[str, Protocol] = {OBSERVER_V1.name: OBSERVER_V1}
VIEW = Canvas(scale=(0.6, 1.0))


@dataclass(frozen=True)
class Observer:
    """A network trained on the full training data, whose outputs a score uses.

    `model="auto"` is resnet8 up to 64 px and resnet10 above. `epochs="auto"` trains for about 2,000
    steps, but at least 10 and at most 60 epochs; after fewer steps, a network has hardly learned.
    `recipe` is the name of the training protocol. Each epoch records `snapshots` moments at equal
    distances, the last at the epoch's end. `seed` is the observer seed of a replicate, independent
    of the set's seed. Raises ValueError for an unknown network or recipe, or a number out of range.
    """

    model: str = "auto"
    epochs: int | Literal["auto"] = "auto"
    recipe: str = "observer-v1"
    snapshots: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model != "auto":
            check_model(self.model)
        check_epochs("observer's epochs", self.trains_for)
        moments, unit = self.snapshots, "the moments to record in an epoch"
        check_number("observer's snapshots", moments, least=1, unit=unit, most=MOST_EPOCHS)
        if self.recipe not in RECIPES:
            raise ValueError(f"there is no recipe {self.recipe!r}. {nearest(self.recipe, RECIPES)}")

    @property
    def trains_for(self) -> int:
        """The number of epochs; for "auto", the smallest number that `resolved` may choose."""
        return _FEWEST if self.epochs == "auto" else self.epochs

    @property
    def protocol(self) -> Protocol:
        """The protocol of the training."""
        return replace(RECIPES[self.recipe], epochs=self.trains_for)

    def resolved(self, *, size: int, images: int | None = None) -> "Observer":
        """Settle the "auto" options for a size in pixels and a number of training images.

        Without `images`, epochs="auto" stays, so that the spec does not depend on the data's size.
        """
        named = self
        if self.model == "auto":
            named = replace(self, model="resnet8" if size <= 64 else "resnet10")
        if self.epochs == "auto" and images is not None:
            epochs = -(-_STEPS * self.protocol.batch // max(1, images))
            named = replace(named, epochs=min(max(epochs, _FEWEST), _MOST))
        return named

    def check_files(self) -> None:
        """Raise ValueError if the network's library cannot be used."""
        _check_library(self.model)


@dataclass(frozen=True)
class Pretrained(Spelled):
    """A pretrained network: a spec with weights, or a folder that `smallset train` wrote.

    `network` is one network, as `load_teacher` takes it: `timm:resnet50(weights=default,
    classes=FILE)`, `resnet20(weights=PATH, shortcut=a, classes=same)`, or a folder. It is not
    trained and has a single moment, called epoch 1, the same in every run and for every seed. Its
    logits are limited to the data's classes. In a spec, a folder is quoted or contains a slash.
    """

    network: str
    trains_for: ClassVar[int] = 1
    snapshots: ClassVar[int] = 1
    seed: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if "(" not in self.network and not _is_network(self.network):
            return
        spec = read_model(self.network)
        if spec.weights is None:
            raise ValueError(
                f"the observer {self.network!r} has learned nothing: it names no weights. Give "
                f"weights=PATH (weights=default for timm and torchvision), or let it be trained "
                f"here: observer(model={quoted(self.network)})."
            )
        object.__setattr__(self, "network", spec.text)  # so that equal networks are equal observers

    @classmethod
    def spelled(cls, text: str, *, quoted: bool) -> "Pretrained | None":
        """Return the observer for the spec of a network, or for a folder; None for other text.

        A folder is quoted text, or text with a slash.
        """
        folder = quoted or {"/", "\\"} & set(text.partition("(")[0])
        return cls(text) if folder or _is_network(text) else None

    @property
    def model(self) -> str:
        """The same as `network`, under the name of an observer's option."""
        return self.network

    @property
    def spelling(self) -> str:
        """The network's spec, or its folder in quotes."""
        return self.network if "(" in self.network else quoted(self.network, always=True)

    def resolved(self, *, size: int, images: int | None = None) -> "Pretrained":
        """Return itself, since it has no "auto" options."""
        del size, images
        return self

    def check_files(self) -> None:
        """Raise ValueError or OSError if a file or the library of the network cannot be used."""
        check_teacher_files(self.network)
        _check_library(self.network)


AnyObserver = Observer | Pretrained
"""The type of a score's option `observer`."""


def require_training(observer: AnyObserver, what: str) -> Observer:
    """Return an observer that trains. Raises ValueError for a pretrained network.

    Scores call this if they read several epochs or runs. `what` is the subject of the message, such
    as "forgetting" or "el2n's runs=3".
    """
    if isinstance(observer, Pretrained):
        raise ValueError(
            f"{what} reads an observer's training, but {observer.network!r} is pretrained and "
            "has a single moment. Give an observer that is trained here, such as "
            "observer(model=resnet8, epochs=10), or take a score that reads one moment."
        )
    return observer


def _check_library(network: str) -> None:
    if network.partition(":")[0] in ADAPTERS:
        library_of(network)


def _is_network(text: str) -> bool:
    name = text.partition("(")[0].strip()
    return name in MODELS or name.partition(":")[0] in ADAPTERS
