"""Lists of chosen images for a user's own pipeline: the choice and its origin, no pixels."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset
from smallset.files import whole_folder, write_file, writing
from smallset.fingerprint import smallset_version
from smallset.lazy import pa
from smallset.records import Selection
from smallset.shapes import Int64
from smallset.store import About
from smallset.store.plan_table import class_ranks, parquet_bytes, valid_text

TABLE, IDS, FACTS = "selection.parquet", "selection.txt", "selection.json"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class ChosenList:
    """The images chosen from a training split, class by class and in order of choice.

    `index` is each image's row in the source's own order, `label` its class index in `classes`.
    `of` is the number of images in the split. `skipped` are the ids of bad files, which are left
    out.
    """

    path: Path
    classes: tuple[str, ...]
    index: Int64[np.ndarray, " k"]
    label: Int64[np.ndarray, " k"]
    of: int
    skipped: tuple[str, ...]
    about: About

    @classmethod
    def of_selection(
        cls, path: Path, selection: Selection, dataset: ImageDataset, about: About
    ) -> "ChosenList":
        """Return the list for a selection from `dataset`."""
        chosen = selection.indices
        return cls(
            path,
            dataset.classes.names,
            np.array(dataset.rows[chosen]),
            np.array(dataset.labels[chosen]),
            len(dataset),
            dataset.skipped,
            about,
        )

    def __len__(self) -> int:
        return len(self.index)

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of images of each class."""
        return tuple(np.bincount(self.label, minlength=len(self.classes)).tolist())


def write_list(
    selection: Selection, dataset: ImageDataset, out: Path, *, about: About, size: int
) -> ChosenList:
    """Write selection.parquet, selection.txt and selection.json to the new folder `out`.

    The table has the columns label, class, rank (in the class, from 0), index (the row in the
    source's own order) and id. The text has one id per line, with line breaks escaped as in Python.
    The JSON has the facts of the choice, among them `size`: the side in pixels to which the method
    resized images. The folder appears whole or not at all. Raises OSError if `out` exists or cannot
    be written.
    """
    made = ChosenList.of_selection(out, selection, dataset, about)
    ids = [valid_text(dataset.id(int(i))) for i in selection.indices]
    facts = json.dumps(_facts(made, dataset, size), sort_keys=True, indent=1)
    lines = [name.replace("\r", "\\r").replace("\n", "\\n") for name in ids]
    with whole_folder(out) as partial, writing(out):
        write_file(partial / TABLE, _table(made, ids, facts))
        write_file(partial / IDS, "".join(f"{line}\n" for line in lines).encode())
        write_file(partial / FACTS, f"{facts}\n".encode())
    return made


def _table(made: ChosenList, ids: list[str], facts: str) -> bytes:
    names = [valid_text(name) for name in made.classes]
    columns = {
        "label": pa.array(made.label, pa.int64()),
        "class": pa.array([names[c] for c in made.label], pa.string()),
        "rank": pa.array(class_ranks(made.label), pa.int64()),
        "index": pa.array(made.index, pa.int64()),
        "id": pa.array(ids, pa.string()),
    }
    kinds = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    schema = pa.schema(kinds, metadata={"smallset": facts})
    return parquet_bytes(pa.table(columns, schema=schema))


def _facts(made: ChosenList, dataset: ImageDataset, size: int) -> dict[str, object]:
    about = made.about
    return {
        "format": FORMAT,
        "smallset": smallset_version(),
        "method": about.method,
        "spec": about.spec,
        "seeds": vars(about.seeds),
        "asked": None if about.asked is None else vars(about.asked),
        "source": {
            "given": about.given,
            "fingerprint": dataset.fingerprint,
            "split": dataset.split,
            "images": len(dataset),
            "held_out": about.held_out,
            "skipped": dataset.skipped,
        },
        "classes": made.classes,
        "counts": made.counts,
        "images": len(made),
        "size": size,
        "fit": about.fit,
        "precision": about.precision,
        "device": about.device,
        "made_with": dict(about.made_with),
    }
