"""export(): write a set again, in another layout."""

from pathlib import Path

from smallset.exchange.export import export_set
from smallset.files import check_output
from smallset.labels import check_not_labels
from smallset.records import Progress
from smallset.store import CompressedDataset, open_set


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
    check_output(Path(out))
    check_not_labels(Path(out))
    made = set if isinstance(set, CompressedDataset) else open_set(Path(set))
    export_set(made, Path(out), to=to, progress=progress)
    return Path(out)
