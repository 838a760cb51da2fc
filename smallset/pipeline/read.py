"""open_set(): read a set back, also from an export."""

from pathlib import Path

import platformdirs

from smallset.exchange.exported import open_made
from smallset.store import CompressedDataset


def open_set(path: str | Path, *, work: str | Path | None = None) -> CompressedDataset:
    """Open the set in the folder `path`, as it was made or exported to hub or imagefolder.

    Pixels are read later. The parquet of an export to hub is unpacked once, into the folder `work`
    (None: the user's cache folder). Raises FileNotFoundError or NotADirectoryError if there is no
    such folder, and ValueError if it is not a set, if it can only be streamed (webdataset), or if
    its records or its list of files were edited or damaged.
    """
    return open_made(path, work=Path(work or platformdirs.user_cache_path("smallset")))
