"""Train a network on the full data and keep every epoch, for observers and teachers."""

import io
import platform
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from smallset.data import DECODE_VERSION
from smallset.files import write_whole
from smallset.fingerprint import smallset_version
from smallset.lazy import torch
from smallset.models import MODELS_VERSION, Network, build_model, library_of
from smallset.records import Progress
from smallset.seeds import derive
from smallset.shapes import Int64
from smallset.train.device import Machine
from smallset.train.loop import fit, random_layers
from smallset.train.processes import first_alone, wait
from smallset.train.protocol import Protocol, steps_of
from smallset.train.render import RENDER_VERSION
from smallset.train.shown import Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import VERSION as VIEWS_VERSION


def component_versions() -> dict[str, str]:
    """Return the versions of all code that decides a number, for cache keys."""
    return {
        "decode": str(DECODE_VERSION),
        "models": MODELS_VERSION,
        "views": VIEWS_VERSION,
        "render": RENDER_VERSION,
        "torch": torch.__version__,
    }


def versions_behind(network: str) -> dict[str, str]:
    """Return the versions of all that trained a network, for its result line or teacher.json."""
    return {
        "smallset": smallset_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        **library_of(network),
    }


def train_kept(
    shown: Shown,
    labels: Int64[np.ndarray, " n"],
    *,
    model: str,
    classes: int,
    protocol: Protocol,
    seed: int,
    machine: Machine,
    state: Path,
    progress: Progress | None = None,
    moments: int = 1,
    at_moment: Callable[[int, Network], None] | None = None,
) -> Network:
    """Train the named network, continuing from the last whole epoch in the file `state`, if any.

    `seed` determines weights, order and views. `at_moment` is called `moments` times an epoch at
    equal distances, the last time at the epoch's end. Its arguments are the moment's number, from
    1, and the network. After each epoch, `state` is replaced, so that an epoch counts as done only
    after its moments were recorded. A killed run continues to the same weights. The caller must
    name `state` by a fingerprint of these arguments. Raises the errors of `check_moments`.
    """
    network = build_model(
        model, classes=classes, size=shown.images.size, seed=derive(seed, "weights")
    )
    machine.place(network)
    optimizer = protocol.optimizer_for(network)
    begun = first_alone(state.exists)
    done = _restore(state, network, optimizer, machine) if begun else 0
    wait()  # until all have read `state`, which the first process replaces and may delete

    steps = check_moments(len(shown.images), protocol, moments)
    due = {steps * moment // moments - 1: moment for moment in range(1, moments + 1)}

    def look(epoch: int, step: int) -> None:
        if step in due and at_moment is not None:
            at_moment(epoch * moments + due[step], network)

    def keep(epoch: int) -> None:
        saved = {"model": network.state_dict(), "optimizer": optimizer.state_dict()}
        save(state, saved | {"epochs": epoch + 1})

    for epoch in range(done, protocol.epochs):
        with random_layers(seed, epoch):  # seeded by epoch, so that a resumed run draws the same
            fit(
                network,
                shown,
                labels,
                protocol=protocol,
                seeds=StudentSeeds.of(seed),
                machine=machine,
                optimizer=optimizer,
                epochs=range(epoch, epoch + 1),
                progress=progress,
                after_step=look,
                after_epoch=keep,
            )
    return network


def save(path: Path, state: Mapping[str, object]) -> None:
    """Save with torch, to a file that appears whole or not at all."""
    buffer = io.BytesIO()  # `torch.save` to a full disk does not raise OSError
    torch.save(state, buffer)
    write_whole(path, buffer.getbuffer())


def check_moments(images: int, protocol: Protocol, moments: int) -> int:
    """Return the steps of an epoch. Raises ValueError if there are fewer steps than moments."""
    steps = steps_of(images, protocol.batch)
    if steps < moments:
        longer = -(-protocol.epochs * moments // steps)
        raise ValueError(
            f"{moments} snapshots an epoch were asked for, but an epoch of {images} images "
            f"has {steps} step{'s' if steps > 1 else ''} (batch {protocol.batch}). Ask for at most "
            f"{steps}; epochs={longer}, snapshots={steps} gives as many in all."
        )
    return steps


def _restore(
    state: Path, network: Network, optimizer: "torch.optim.Optimizer", machine: Machine
) -> int:
    """Load the network and optimiser. Return how many epochs they were trained for."""
    saved: Mapping[str, object] = torch.load(state, map_location=machine.device, weights_only=True)
    network.load_state_dict(saved["model"])  # type: ignore[arg-type]
    optimizer.load_state_dict(saved["optimizer"])  # type: ignore[arg-type]
    return int(saved["epochs"])  # type: ignore[call-overload, no-any-return]
