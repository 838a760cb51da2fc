"""Make a source of the tables of its splits: find columns, classes and the held-out split."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from smallset.data.arrow_rows import ArrowRows, LabelColumn
from smallset.data.columns import (
    ArrowSplit,
    class_names,
    image_column,
    is_labelled,
    label_column,
    read_labels,
)
from smallset.data.source import Folder, RawSplit, Source
from smallset.data.splits import VALIDATION, choose_split, counterparts


def table_source(
    name: str,
    key: str,
    tables: Mapping[str, ArrowSplit],
    *,
    unread: Sequence[str] = (),
    chosen: Folder | None = None,
) -> Source:
    """Make a source of the table of each split.

    The held-out split is `choose_split`'s, unless the user has `chosen` the files. `unread` names
    splits that have no table here. Raises ValueError for a missing train split, for missing or
    ambiguous columns, and for classes that differ between the splits.
    """
    if "train" not in tables:
        raise ValueError(
            f"{name!r} has the splits {sorted(tables)}; needed one called 'train'. Rename one, or "
            "say which files are meant with --train and --test."
        )
    column = label_column(tables["train"], f"The train split of {name!r}")

    def labels(split: str) -> LabelColumn:
        table = tables[split]
        images = image_column(table, f"The {split} split of {name!r}")
        files, beside = [*map(Path, table.files)], [*map(Path, table.beside)]
        rows = ArrowRows(files, images, beside=beside)
        return LabelColumn(rows, column, f"the {split} split of {name!r}")

    @cache
    def labelled(split: str) -> bool:
        return column in tables[split].columns and is_labelled(labels(split))

    train = labels("train")
    classes = class_names(train, tables["train"])
    test, held_out = choose_split(tables.keys(), labelled)
    if chosen is not None and chosen.test is not None:
        test, held_out = "test", chosen.said
        if not labelled(test):
            raise ValueError(
                f"The test split of {name!r} has no labels in a column {column!r}, but it was "
                "named to hold the held-out images. Needed labels in the same column as in train. "
                "Name other files with --test."
            )
    first = np.arange(len(classes))
    train_split = RawSplit("train", train.rows, lambda: read_labels(train, classes, first))
    test_split, used = None, [train.rows]
    if test is not None:
        own = tables[test].class_names.get(column, classes)
        place = np.argsort(counterparts(own, classes, name=name, split=test))
        held = labels(test)
        test_split = RawSplit(test, held.rows, lambda: read_labels(held, own, place))
        used.append(held.rows)
    unused = [f"{s} ({_why(s, labelled)})" for s in tables if s not in ("train", test)]
    # If rows name files by path, these files may change unnoticed, so no index is kept.
    key = "" if any(rows.by_path for rows in used) else key
    return Source(name, key, classes, train_split, test_split, held_out, (*unused, *unread))


def _why(split: str, labelled: Callable[[str], bool]) -> str:
    if not labelled(split):
        return "no labels"
    return "for choosing only" if split in VALIDATION else "not needed"
