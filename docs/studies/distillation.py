"""What distilled images look like, and how they come about.

    python docs/studies/distillation.py iterations --data PATH --weights FILE
                              SRe2L's image of each class at some iterations -> docs/iterations.png
    python docs/studies/distillation.py sets RUNS
                              the first image of each class by each method   -> docs/distilled.png

PATH is cifar10, parquet files in the Hub's layout. FILE is resnet20-12fca82f.th from
github.com/akamaster/pytorch_resnet_cifar10. RUNS is a folder that `smallset bench distillation`
filled. Either takes half a minute on one core.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from smallset import open_set
from smallset.bench.matrix import read_matrix
from smallset.desk import desk_for
from smallset.exchange.set_data import open_any
from smallset.models import load_teacher
from smallset.synthesis.recover import Batch, Look, Space, Watched, recover
from smallset.synthesis.sre2l import SRe2L
from smallset.synthesis.starts import NoiseStart
from smallset.synthesis.targets import NormTargets

DOCS = Path(__file__).parents[1]
SHOWN = (0, 10, 30, 100, 300, 1000)
SIZE, ENLARGED, GAP = 32, 2, 4


def main() -> None:
    """Draw one of the two pictures."""
    made = argparse.ArgumentParser(description=__doc__)
    picture = made.add_subparsers(required=True, dest="picture")
    iterations, sets = picture.add_parser("iterations"), picture.add_parser("sets")
    iterations.add_argument("--data", required=True)
    iterations.add_argument("--weights", required=True)
    sets.add_argument("runs", type=Path)
    options = made.parse_args()
    if options.picture == "sets":
        drawn(by_method(options.runs)).save(DOCS / "distilled.png", optimize=True)
    else:
        pixels = by_iteration(options.data, options.weights)
        drawn(pixels).save(DOCS / "iterations.png", optimize=True)


def by_method(runs: Path) -> np.ndarray:
    """Return the first image of each class (method, class, s, s, 3), in the matrix's order."""
    rows = []
    for label in read_matrix("distillation").methods:
        name = label.replace(" ", "-")
        found = sorted((runs / "sets").glob(f"cifar10-32-px-{name}-ipc-10-seed-0-*"))
        for folder in found:
            made = open_set(folder)
            first = np.unique(made.labels, return_index=True)[1]
            rows.append([made.dataset.pixels(int(row)) for row in first])
            print(f"row {len(rows)}: {label}")
    return np.array(rows)


def by_iteration(data: str, weights: str) -> np.ndarray:
    """Recover one image of each class, and return those that were kept by iteration."""
    desk = desk_for(device="cpu", workers=1)
    names, here = open_any(data, desk).train.classes.names, desk.machine
    spec = f"resnet20(weights={weights}, shortcut=a, classes=same)"
    network = load_teacher(spec, classes=names, size=SIZE).network
    space, seen = Space.of(network, here), []

    def keep(look: Look) -> torch.Tensor:
        """Keep the images; a term of 0 changes no image."""
        if look.iteration in SHOWN:
            seen.append(space.pixels(look.images.detach()))
        return look.logits.sum() * 0

    counts = np.ones(len(names), np.int64)
    start = NoiseStart(SIZE, counts, seed=0)(range(len(names)))
    recipe = replace(SRe2L().recipe(SIZE), terms=(lambda: keep,))
    batch = Batch(start, np.arange(len(names)), seed=0)
    last = recover(batch, [Watched(network, NormTargets())], recipe, machine=here)
    return np.stack([*seen, last])


def drawn(pixels: np.ndarray) -> Image.Image:
    """Draw images (row, class, s, s, 3), a class in each column."""
    rows, columns = pixels.shape[:2]
    side = SIZE * ENLARGED
    page = np.full((rows * (side + GAP) - GAP, columns * (side + GAP) - GAP, 3), 255, np.uint8)
    for row, column in np.ndindex(rows, columns):
        y, x = row * (side + GAP), column * (side + GAP)
        large = pixels[row, column].repeat(ENLARGED, 0).repeat(ENLARGED, 1)
        page[y : y + side, x : x + side] = large
    return Image.fromarray(page)


if __name__ == "__main__":
    main()
