"""Draw the images of distilled sets.

    python docs/studies/distillation.py RUNS     the first image of each class by each method
                                                 -> docs/distilled.png

RUNS is a folder that `smallset bench distillation` filled.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from smallset import open_set
from smallset.bench.matrix import read_matrix

DOCS = Path(__file__).parents[1]
SIZE, ENLARGED, GAP = 32, 2, 4


def main() -> None:
    """Draw the picture."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("runs", type=Path)
    drawn(by_method(made.parse_args().runs)).save(DOCS / "distilled.png", optimize=True)


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
