"""A training that takes no time: nineteen images of noise, and students that see them."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from smallset.models import build_model
from smallset.train.device import Machine
from smallset.train.loop import Fitted, fit
from smallset.train.protocol import SMALL_V1
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import Canvas

SIZE, CLASSES, IMAGES = 8, 4, 19  # in batches of 8, the last one has 3
LABELS = np.arange(IMAGES) % CLASSES
SHORT = replace(SMALL_V1, batch=8, epochs=3)
HERE = Machine("cpu", "float32", 1)
SEEDS = StudentSeeds(student=1, view=2)
PICTURES = InMemory(
    torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (IMAGES, 3, SIZE, SIZE), dtype=np.uint8)
    )
)
SHOWN = Shown.whole(PICTURES, Canvas())


def student(name: str = "resnet8", seed: int = 0) -> nn.Module:
    return HERE.place(build_model(name, classes=CLASSES, size=SIZE, seed=seed))


def train(model: nn.Module, shown: Shown = SHOWN, **options: object) -> Fitted:
    known = {"protocol": SHORT, "seeds": SEEDS, "machine": HERE}
    return fit(model, shown, LABELS, **(known | options))


def same(one: nn.Module, other: nn.Module) -> bool:
    """Say whether two networks have the same weights, bit for bit."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
