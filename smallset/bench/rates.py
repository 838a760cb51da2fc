"""Training rates of networks on this machine, from result lines or from a brief measurement."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from smallset.data.work import kept_number
from smallset.lazy import torch
from smallset.models import build_model
from smallset.records import Result
from smallset.train import loop
from smallset.train.device import Machine, compiled_twin
from smallset.train.protocol import STANDARD_V1, protocol_named
from smallset.train.run import component_versions
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import Canvas

_STEPS = 4

FORWARD = 1 / 3
"""The approximate share of the forward pass in a training step."""


@dataclass(frozen=True)
class Training:
    """Training a network on batches of `batch` images of `size` pixels, without a teacher."""

    model: str
    size: int
    batch: int
    classes: int
    compiled: bool = False


def known_rates(results: Iterable[Result]) -> dict[Training, float]:
    """Return the median rate (images per second) of each training without a teacher.

    `results` must come from this machine.
    """
    found: dict[Training, list[float]] = {}
    for result in results:
        protocol = protocol_named(result.protocol, views=result.images)
        if not result.cost.teacher:  # a teacher at work slows its student down
            batch = min(protocol.batch, result.images)
            shape = (result.student, result.size, batch, len(result.classes))
            training = Training(*shape, result.compiled)
            found.setdefault(training, []).append(result.images_per_second)
    return {training: median(rates) for training, rates in found.items()}


def measured_rate(training: Training, machine: Machine, work: Path) -> float:
    """Return the training rate in images per second, measured in a few steps on noise.

    A rate that the work folder keeps is reused.
    """
    facts = {
        "training": asdict(training),
        "machine": asdict(machine),
        "versions": component_versions(),
    }
    return kept_number(
        work, "rates", "images_per_second", facts, lambda: _measure(training, machine)
    )


def _measure(training: Training, machine: Machine) -> float:
    size, count = training.size, training.batch
    model = build_model(training.model, classes=training.classes, size=size, seed=0)
    machine.place(model, channels_last=training.compiled or not model.worth_compiling)
    noise = np.random.default_rng(0).integers(0, 256, (count, 3, size, size), np.uint8)
    images = InMemory(torch.from_numpy(noise).to(machine.device))
    run = compiled_twin(model) if training.compiled else model

    def fitted(steps: int) -> loop.Fitted:
        return loop.fit(
            model,
            Shown.whole(images, Canvas()),
            np.arange(count) % training.classes,
            protocol=replace(STANDARD_V1, epochs=steps, batch=count),
            seeds=StudentSeeds(student=0, view=0),
            machine=machine,
            run=run,
        )

    fitted(1)  # the first step is slow: it compiles, picks kernels, fills caches
    found = fitted(_STEPS)
    return found.images / found.seconds
