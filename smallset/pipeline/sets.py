"""open_set() and export(): read a set back, and write a set again in another layout."""

from pathlib import Path

import platformdirs

from smallset.exchange.export import export_set
from smallset.exchange.exported import open_made
from smallset.files import check_output
from smallset.labels import check_not_labels
from smallset.records import Progress
from smallset.store import CompressedDataset
from smallset.store import open_set as open_as_made


def open_set(path: str | Path, *, work: str | Path | None = None) -> CompressedDataset:
    """Open the set in the folder `path`, as it was made or exported to hub or imagefolder.

    Pixels are read later. The parquet of an export to hub is unpacked once, into the folder `work`
    (None: the user's cache folder). Raises FileNotFoundError or NotADirectoryError if there is no
    such folder, and ValueError if it is not a set, if it can only be streamed (webdataset), or if
    its records or its list of files were edited or damaged.
    """
    return open_made(path, work=Path(work or platformdirs.user_cache_path("smallset")))


def export(
    set: str | Path | CompressedDataset,
    out: str | Path,
    *,
    to: str,
    progress: Progress | None = None,
) -> Path:
    """Export a compressed set to the new folder `out`, and return that folder.

    `to` is "hub" (parquet in the Hub's layout), "imagefolder" (train/<class>/<file>),
    "webdataset" (tar shards) or "images" (one PNG for each tile, for other people's loaders). All
    but "images" copy image bytes and never encode them again. The same set gives the same bytes.
    `evaluate` and `open_set` read the first two layouts as the same set. Raises ValueError
    or OSError if anything is wrong, and then leaves no output.
    """
    out = Path(out)
    check_output(out)
    check_not_labels(out)
    made = set if isinstance(set, CompressedDataset) else open_as_made(Path(set))
    export_set(made, out, to=to, progress=progress)
    return out
