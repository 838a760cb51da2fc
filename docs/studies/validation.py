"""Cut a validation part from the training images: 500 images of each class become the test split.

    python docs/studies/validation.py DATA OUT

DATA and OUT are folders of parquet files in the Hub's layout. The test split of DATA is not read.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smallset.files import whole_folder

HELD_OUT = 500
"""The images of each class that are held out."""


def held_out(labels: np.ndarray) -> np.ndarray:
    """Return a mask of the images that are held out, drawn by class from a fixed seed."""
    draw, mask = np.random.default_rng(0), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        mask[draw.permutation(np.flatnonzero(labels == label))[:HELD_OUT]] = True
    return mask


def write(data: Path, out: Path) -> None:
    """Write the two parts to the new folder `out`."""
    files = sorted(data.rglob("train*.parquet"))
    if not files:
        raise SystemExit(f"there is no train*.parquet in '{data}'. Give a folder that has some.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(out) as part:
        table = pa.concat_tables([pq.read_table(file) for file in files])
        held = held_out(table["label"].to_numpy())
        for split, rows in (("train", ~held), ("test", held)):
            chosen = table.take(np.flatnonzero(rows))
            pq.write_table(chosen, part / f"{split}-00000-of-00001.parquet")
        if (data / "classes.json").is_file():
            shutil.copyfile(data / "classes.json", part / "classes.json")
    print(f"wrote {(~held).sum():,} training images and {held.sum():,} held-out ones to {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    try:
        write(given.data, given.out)
    except OSError as error:
        raise SystemExit(str(error)) from None
