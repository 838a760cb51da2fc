"""GraNd: how far an image alone would move the network."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64

from smallset.models import build_model
from smallset.scores.gradients import check_gradients, gradient_norms
from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, listed, mean_of_records
from smallset.scores.record import Records


@dataclass(frozen=True)
class GraNd:
    """Mean norm of an image's own gradient over early epochs and runs (arXiv 2107.07075); from 0.

    `layers=last` is by the last linear layer and its bias, in closed form from what the run
    recorded: ||p - onehot(y)|| sqrt(1 + ||h||^2), h being the features. `layers=all` is by all
    weights: a backward pass for every image and epoch, in float32 and eval mode, through the
    networks that the run kept; made once, without training. Some networks have no gradient an
    image; that is an error before anything runs. `epochs` and `runs` are as in `el2n`.
    """

    layers: Literal["last", "all"] = "last"
    epochs: int | tuple[int, ...] = 10
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("grand", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        if self.layers == "all":
            return self._all(observed)
        return mean_of_records(
            observed,
            self.observer,
            epochs=listed(self.epochs),
            runs=self.runs,
            value=last_layer_norm,
        )

    def _all(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        size = observed.images.size
        name = self.observer.resolved(size=size).model
        model = build_model(name, classes=observed.classes, size=size, seed=0)
        check_gradients(model, name=name, size=size)
        epochs, total = listed(self.epochs), np.zeros(len(observed.labels), np.float64)
        for run in range(self.runs):
            for epoch in epochs:
                total += _kept(observed, self.observer, run=run, epoch=epoch)
        return (total / (self.runs * len(epochs))).astype(np.float32)


def last_layer_norm(records: Records) -> Float64[np.ndarray, " n"]:
    """Give ||p - onehot(y)|| sqrt(1 + ||h||^2): the 1 is the bias's part."""
    feature = records["feature"].astype(np.float64)
    norm: np.ndarray = records["el2n"] * np.sqrt(1 + feature**2)
    return norm


def _kept(
    observed: Observed, observer: Observer, *, run: int, epoch: int
) -> Float32[np.ndarray, " n"]:
    def rows() -> Iterator[Float32[np.ndarray, " b"]]:
        yield from gradient_norms(
            observed.network(observer, run=run, epoch=epoch),
            observed.images,
            observed.labels,
            machine=observed.machine,
            progress=observed.progress,
        )

    return observed.kept(observer, f"gradient-{epoch:05d}", rows, run=run)
