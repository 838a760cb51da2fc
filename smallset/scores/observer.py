"""Observer runs: a network trained on the full data, and what it recorded of every image.

A run is the costly part of every training-dynamics score, so it is made once, kept in the work
folder under the fingerprint of what made it, and a killed one goes on at its last whole epoch.
"""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int64
from torch import Tensor

from smallset.models import Network, check_model, weights_sha256
from smallset.records import Progress
from smallset.seeds import derive
from smallset.spec import nearest
from smallset.train.device import Machine
from smallset.train.evaluation import predict
from smallset.train.loop import Images
from smallset.train.processes import first_alone, wait
from smallset.train.protocol import Protocol
from smallset.train.run import replace_file, train_kept
from smallset.train.versions import component_versions
from smallset.train.views import Canvas

VERSION = "observer-1"

OBSERVER_V1 = Protocol(
    "observer-v1",
    "SGD 0.1 nesterov, cosine, batch 128, mild crops (area 0.6-1) and flips",
    batch=128, epochs=10, optimizer="sgd", rate=0.1, weight_decay=5e-4, momentum=(0.9, 0.0),
)  # fmt: skip
RECIPES: dict[str, Protocol] = {OBSERVER_V1.name: OBSERVER_V1}
_VIEW = Canvas(scale=(0.6, 1.0))


@dataclass(frozen=True)
class Observer:
    """A network trained on the full training data, through which a score looks at it.

    `model="auto"` is resnet8 up to 64 px and resnet10 above; `seed` is the observer seed of a
    replicate and independent of the set's.
    """

    model: str = "auto"
    epochs: int = 10
    recipe: str = "observer-v1"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model != "auto":
            check_model(self.model)
        if self.epochs < 1:
            raise ValueError(f"observer's epochs={self.epochs} trains nothing. Give at least 1.")
        if self.recipe not in RECIPES:
            raise ValueError(f"there is no recipe {self.recipe!r}. {nearest(self.recipe, RECIPES)}")

    def resolved(self, *, size: int) -> "Observer":
        """Name the network that `auto` stands for at an image size in pixels."""
        if self.model != "auto":
            return self
        return replace(self, model="resnet8" if size <= 64 else "resnet10")


@dataclass(frozen=True)
class Dynamics:
    """What one run recorded, by epoch: `el2n[e]` holds (n,) values, mapped from disk."""

    el2n: tuple[Float32[np.ndarray, " n"], ...]


@dataclass(frozen=True)
class Observed:
    """The training data as a score sees it; asked for a run, it finds or makes it.

    `images` stand at the observer's resolution; `source` is the fingerprint of the data and of how
    its pixels were fitted to a square. `spread` makes the inference passes in place of this
    process (see `shards`); the values are the same.
    """

    images: Images
    labels: Int64[np.ndarray, " n"]
    classes: int
    source: str
    machine: Machine
    work: Path
    progress: Progress | None = None
    spread: "Spread | None" = None

    def fingerprint(self, observer: Observer, run: int) -> str:
        """Name a run by everything its numbers depend on."""
        recipe = {k: v for k, v in asdict(RECIPES[observer.recipe]).items() if k != "line"}
        facts: dict[str, object] = {
            "versions": {"observer": VERSION, **component_versions()},
            "observer": repr(observer.resolved(size=self.images.size)),
            "recipe": recipe,
            "view": repr(_VIEW),
            "run": run,
            "source": self.source,
            "size": self.images.size,
            "precision": self.machine.precision,
            "device": self.machine.kind,
            "threads": self.machine.threads,
        }
        weights = weights_sha256(observer.model) if observer.model != "auto" else None
        if weights is not None:
            facts["weights"] = weights
        if self.machine.processes > 1:
            facts["processes"] = self.machine.processes
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def dynamics(self, observer: Observer, *, run: int) -> Dynamics:
        """Give the records of one run of an observer; train it unless the work folder has them."""
        folder = self.work / "observers" / self.fingerprint(observer, run)[:24]
        files = [folder / f"el2n-{epoch:04d}.npy" for epoch in range(observer.epochs)]
        if not first_alone(files[-1].exists):
            folder.mkdir(parents=True, exist_ok=True)
            _train(self, observer.resolved(size=self.images.size), run, folder)
            wait()  # for the first of several processes, which writes the records
        return Dynamics(tuple(np.load(file, mmap_mode="r") for file in files))


Spread = Callable[[Observed, str, Network, Path], Float32[np.ndarray, " n"]]
"""Given the data, the network's name, the network and the run's folder, gives what `infer` does."""


def infer(
    model: Network,
    images: Images,
    labels: Int64[np.ndarray, " n"],
    *,
    machine: Machine,
    progress: Progress | None = None,
) -> Float32[np.ndarray, " n"]:
    """Give each clean image's EL2N under a network."""
    values = np.empty(len(images), np.float32)
    for indices, logits in predict(
        model, images, machine=machine, stage="score", progress=progress
    ):
        target = torch.from_numpy(labels[indices]).to(logits.device)
        values[indices] = el2n(logits, target).cpu().numpy()
    return values


def el2n(logits: Float32[Tensor, "b c"], labels: Int64[Tensor, " b"]) -> Float32[Tensor, " b"]:
    """Give || softmax(logits) - onehot(labels) ||_2, in 0..sqrt 2 (arXiv 2107.07075, eq. 4)."""
    error = logits.softmax(1) - F.one_hot(labels, logits.shape[1])
    length: Tensor = torch.linalg.vector_norm(error, dim=1)
    return length


def _train(data: Observed, observer: Observer, run: int, folder: Path) -> None:
    """Train the observer's network, recording every image's values after each epoch."""

    def record(epoch: int, model: Network) -> None:
        if data.spread is not None:
            values = data.spread(data, observer.model, model, folder)
        else:
            values = infer(
                model, data.images, data.labels, machine=data.machine, progress=data.progress
            )
        buffer = io.BytesIO()
        np.save(buffer, values)
        replace_file(folder / f"el2n-{epoch:04d}.npy", buffer)

    train_kept(
        data.images,
        data.labels,
        model=observer.model,
        classes=data.classes,
        protocol=replace(RECIPES[observer.recipe], epochs=observer.epochs),
        view=_VIEW,
        seed=derive(observer.seed, "observer", run),
        machine=data.machine,
        state=folder / "state.pt",
        progress=data.progress,
        after_epoch=record,
    )
