"""Take a set out into the world: as class folders, as the Hub's parquet, or as tar shards."""

from collections.abc import Callable
from pathlib import Path

from smallset.exchange.cards import CARDS
from smallset.exchange.copies import Told, encoded
from smallset.exchange.hub import write_hub
from smallset.exchange.tars import write_tars
from smallset.files import check_output, whole_folder, write_file, writing
from smallset.records import Progress
from smallset.spec import nearest
from smallset.store.card import CARD
from smallset.store.layout import TRAIN
from smallset.store.manifest import MANIFEST
from smallset.store.plan_table import PLAN
from smallset.store.read import CompressedDataset


def write_folders(made: CompressedDataset, folder: Path, told: Told) -> None:
    """Copy the images to train/<class>/<file>: ImageFolder's layout, which most readers know."""
    (folder / TRAIN).mkdir()
    for name in sorted({file.path.partition("/")[0] for file in made.files}):
        (folder / TRAIN / name).mkdir()
    for row, file in enumerate(made.files):
        write_file(folder / TRAIN / file.path, encoded(made, row))
        told(row + 1)


FORMATS: dict[str, Callable[[CompressedDataset, Path, Told], None]] = {
    "webdataset": write_tars,
    "hub": write_hub,
    "imagefolder": write_folders,
}


def export_set(
    made: CompressedDataset, out: Path, *, to: str, progress: Progress | None = None
) -> None:
    """Write `made` to the new folder `out` in the format `to`, one of FORMATS.

    Image bytes are copied, never encoded again; beside them lie a card (README.md), manifest.json
    and plan.parquet with the source and boxes of every tile. The same set gives the same bytes
    (parquet: under the same pyarrow). The folder appears whole or not at all.

    Raises as `check_output`, ValueError for an unknown format, an `out` inside the set and a set
    that was changed, OSError where the disk is full or read-only.
    """
    if to not in FORMATS:
        raise ValueError(f"there is no export format {to!r}. {nearest(to, FORMATS)}")
    if made.path.resolve() in out.resolve().parents:
        raise ValueError(
            f"'{out}' lies inside the set '{made.path}', whose files are all accounted for. Needed "
            "a folder elsewhere. Choose another OUT."
        )
    check_output(out)

    def told(done: int) -> None:
        if progress is not None:
            progress("export", done, len(made))

    with whole_folder(out) as partial:
        plan = (made.path / PLAN).read_bytes()
        with writing(out):
            FORMATS[to](made, partial, told)
            write_file(partial / PLAN, plan)
            write_file(partial / CARD, CARDS[to](made).encode())
            write_file(partial / MANIFEST, made.manifest.to_json().encode())
