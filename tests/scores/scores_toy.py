"""Forty random images of 8 px in four classes, and how a score sees them."""

from pathlib import Path

import numpy as np
import torch

from smallset.records import Progress
from smallset.scores import Observed
from smallset.train.device import Machine
from smallset.train.loop import InMemory

CLASSES = 4
LABELS = np.arange(40) % CLASSES
_PIXELS = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)


def toy(
    work: Path,
    *,
    source: str = "toy",
    machine: Machine = Machine("cpu", "float32", 1),
    progress: Progress | None = None,
) -> Observed:
    """See the toy data, with observers kept under `work`."""
    images = InMemory(torch.from_numpy(_PIXELS))
    return Observed(images, LABELS, CLASSES, source, machine, work, progress)
