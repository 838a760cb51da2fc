"""Where the benchmarks find CIFAR-10, as the parquet files of the Hugging Face Hub."""

import os
from pathlib import Path


def cifar10() -> Path | None:
    """Return the folder of CIFAR-10's parquet files, or None if this machine has none.

    The folder `cifar10` must lie in the folder that SMALLSET_DATA names. Without SMALLSET_DATA, it
    must lie in `shared/data` beside the repository.
    """
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SMALLSET_DATA", beside)) / "cifar10"
    return folder if list(folder.glob("train-*.parquet")) else None
