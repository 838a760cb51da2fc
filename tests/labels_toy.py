"""Images that are as bright as their class is high, and teachers that know it."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from smallset.data import Data, from_arrays
from smallset.labels.online import Online, OnlineLabels
from smallset.models.network import TeacherNetwork
from smallset.models.teacher import Teacher

SPEC = "bright.pt"


class Bright(nn.Module):
    """Logits by how near the mean brightness is to each class's, `sharpness` an 8-bit level."""

    def __init__(self, classes: int, sharpness: float = 1.0) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.tensor([(c + 0.5) / classes for c in range(classes)]))
        self.sharpness = sharpness
        self.modes: set[tuple[bool, bool]] = set()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.modes.add((self.training, torch.is_grad_enabled()))
        mean = x.float().mean((1, 2, 3))[:, None]
        return -255 * self.sharpness * (mean - self.levels).abs()


def bright_teacher(
    classes: int = 3, *, spec: str = SPEC, sha256: str = "a" * 64, order: tuple[int, ...] = ()
) -> Teacher:
    outputs = order or tuple(range(classes))
    net = TeacherNetwork(
        Bright(classes), outputs=outputs, size=None, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
    )
    return Teacher(spec, net, 1234, sha256)


def bright_images(labels: np.ndarray, classes: int = 3, size: int = 8) -> np.ndarray:
    """(n, s, s, 3) uint8 with a little noise, which the number of images decides."""
    noise = np.random.default_rng(len(labels)).integers(-9, 10, (len(labels), size, size, 3))
    levels = (255 * (labels + 0.5) / classes).astype(np.int64)
    return (levels[:, None, None, None] + noise).clip(0, 255).astype(np.uint8)


def bright_data() -> Data:
    """Ten training and four held-out images of each of three classes."""
    labels, held_out = np.arange(30) % 3, np.arange(12) % 3
    return from_arrays(
        bright_images(labels), labels, ["dark", "grey", "light"],
        test=(bright_images(held_out), held_out), name="bright",
    )  # fmt: skip


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def online(teacher: Teacher) -> OnlineLabels:
    """Online labels whose teacher is loaded already."""
    return OnlineLabels(
        regime=Online(teacher.spec),
        facts={"sha256": teacher.sha256},
        teacher_bytes=teacher.bytes,
        teacher=teacher.spec,
        teacher_sha256=teacher.sha256,
        loaded=teacher,
    )
