"""How SRe2L's images come about: one image of each class, at some of the iterations.

    python docs/studies/iterations.py --data PATH --weights FILE       -> docs/iterations.png

PATH is cifar10, parquet files in the Hub's layout. FILE is resnet20-12fca82f.th from
github.com/akamaster/pytorch_resnet_cifar10. It takes half a minute on one core.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from smallset.desk import desk_for
from smallset.exchange.set_data import open_any
from smallset.models import load_teacher
from smallset.synthesis.recover import Batch, Look, Space, Watched, recover
from smallset.synthesis.sre2l import SRe2L
from smallset.synthesis.starts import NoiseStart
from smallset.synthesis.targets import NormTargets

PICTURE = Path(__file__).parents[1] / "iterations.png"
SHOWN = (0, 10, 30, 100, 300, 1000)
SIZE, ENLARGED, GAP = 32, 2, 4


def main() -> None:
    """Recover one image of each class, and draw what was kept."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--data", required=True)
    made.add_argument("--weights", required=True)
    options = made.parse_args()
    desk = desk_for(device="cpu", workers=1)
    names, here = open_any(options.data, desk).train.classes.names, desk.machine
    spec = f"resnet20(weights={options.weights}, shortcut=a, classes=same)"
    network = load_teacher(spec, classes=names, size=SIZE).network
    space, seen = Space.of(network, here), []

    def keep(look: Look) -> torch.Tensor:
        """Keep the images; a term of 0 changes no image."""
        if look.iteration in SHOWN:
            seen.append(space.pixels(look.images.detach()))
        return look.logits.sum() * 0

    counts = np.ones(len(names), np.int64)
    start = NoiseStart(SIZE, counts, seed=0)(np.arange(len(names)))
    recipe = replace(SRe2L().recipe(SIZE), terms=(lambda: keep,))
    batch = Batch(start, np.arange(len(names)), seed=0)
    last = recover(batch, [Watched(network, NormTargets())], recipe, machine=here)
    drawn(np.stack([*seen, last])).save(PICTURE, optimize=True)


def drawn(pixels: np.ndarray) -> Image.Image:
    """Draw images (iteration, class, s, s, 3): a row an iteration, a column a class."""
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
