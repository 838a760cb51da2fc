"""Syntheses on the toy data of the scores: a few iterations through a resnet8 of 8 px images."""

from pathlib import Path

import numpy as np
from scores_toy import CLASSES, toy, weights

from smallset.budget import Wanted
from smallset.observers import Pretrained
from smallset.observers.observed import Observed
from smallset.store import Canvases
from smallset.synthesis import Synthesis


def resnet8(folder: Path, seed: int = 0) -> Pretrained:
    """Return a network with BatchNorm, whose weights lie in a folder."""
    file = folder / f"w{seed}.pt"
    if not file.exists():
        weights(file, seed=seed)
    return Pretrained(f"resnet8(weights={file}, classes=same)")


def canvases(
    folder: Path, synthesis: Synthesis, *, ipc: int = 2, seed: int = 0, seen: Observed | None = None
) -> Canvases:
    """Begin a set of `ipc` images a class."""
    wanted, seen = Wanted(np.full(CLASSES, ipc)), seen or toy(folder)
    synthesis.check(seen, wanted.counts)
    return synthesis.canvases(seen, wanted, seed=seed)


def made(folder: Path, synthesis: Synthesis, *, ipc: int = 2, seed: int = 0) -> np.ndarray:
    """Make all images of a set, in the plan's order."""
    begun = canvases(folder, synthesis, ipc=ipc, seed=seed)
    pixels = np.zeros((CLASSES * ipc, 8, 8, 3), np.uint8)
    for rows in begun.parts:
        pixels[list(rows)] = begun.draw(rows)[: len(rows)]
    return pixels
