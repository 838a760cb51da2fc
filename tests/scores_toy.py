"""Forty random images of 8 px in four classes, and how a score sees them."""

from pathlib import Path

import numpy as np
import torch

from smallset.data import from_arrays
from smallset.models import build_model
from smallset.observers.observed import Observed
from smallset.observers.record import record
from smallset.records import Progress
from smallset.train.device import Machine
from smallset.train.shown import InMemory

CLASSES = 4
LABELS = np.arange(40) % CLASSES
NAMES = ("ape", "bee", "cow", "dog")
_PIXELS = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
_TEST = np.zeros((4, 8, 8, 3), np.uint8)


def weights(path: Path, *, classes: int = CLASSES, seed: int = 0) -> Path:
    """Save the weights of a resnet8 whose BatchNorm statistics are not the fresh ones."""
    net = build_model("resnet8", classes=classes, size=8, seed=seed).net
    with torch.no_grad():
        net.train()(torch.from_numpy(_PIXELS) / 255)
    torch.save(net.state_dict(), path)
    return path


def el2n(logits: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """Return EL2N as a run records it."""
    return record(logits, torch.zeros(len(logits), 1), labels)["el2n"]


def toy(
    work: Path,
    *,
    source: str = "toy",
    machine: Machine = Machine("cpu", "float32", 1),
    progress: Progress | None = None,
) -> Observed:
    """See the toy data, with observers kept under `work`."""
    images = InMemory(torch.from_numpy(_PIXELS))
    dataset = from_arrays(
        _PIXELS.transpose(0, 2, 3, 1), LABELS, NAMES, test=(_TEST, LABELS[:4]), name="toy"
    ).train
    return Observed(images, LABELS, CLASSES, source, machine, work, progress, dataset=dataset)
