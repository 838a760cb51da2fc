"""Write a long-tailed copy of a dataset: class c keeps n * imbalance^(-c / (classes - 1)) images.

    python docs/studies/long_tail.py DATA OUT --imbalance 100

DATA and OUT are folders of parquet files in the Hub's layout. Here n is the number of images that
the class has. The images that stay are drawn by class from a fixed seed. The test split stays as it
is. This is the usual benchmark of long tails (arXiv 1901.05555).
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smallset.files import whole_folder
from smallset.seeds import generator


def kept(labels: np.ndarray, imbalance: float) -> np.ndarray:
    """Return the rows that stay, in order."""
    counts = np.bincount(labels)
    share = imbalance ** (-np.arange(len(counts)) / (len(counts) - 1))
    rows = [
        generator(0, "long tail", c).permutation(np.flatnonzero(labels == c))[: round(n * part)]
        for c, (n, part) in enumerate(zip(counts, share, strict=True))
    ]
    return np.sort(np.concatenate(rows))


def write(data: Path, out: Path, imbalance: float) -> None:
    """Write the copy to the new folder `out`."""
    train, test = (sorted(data.rglob(f"{split}*.parquet")) for split in ("train", "test"))
    for split, found in (("train", train), ("test", test)):
        if not found:
            raise SystemExit(
                f"there is no {split}*.parquet in '{data}'. Give a folder that has some."
            )
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(out) as part:
        table = pa.concat_tables([pq.read_table(file) for file in train])
        rows = kept(table["label"].to_numpy(), imbalance)
        pq.write_table(table.take(rows), part / "train-00000-of-00001.parquet")
        for file in test:
            shutil.copyfile(file, part / file.name)
    print(f"wrote {len(rows):,} of {len(table):,} training images to {out}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--imbalance", type=float, default=100)
    given = parser.parse_args()
    try:
        write(given.data, given.out, given.imbalance)
    except OSError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
