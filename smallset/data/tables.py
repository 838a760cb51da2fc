"""Make a source of the tables of its splits: find columns, classes and the held-out split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from smallset.data.arrow_rows import ArrowRows, LabelColumn
from smallset.data.source import Folder, RawSplit, Source
from smallset.data.splits import VALIDATION, choose_split, counterparts
from smallset.records import composed
from smallset.shapes import Int64

_IMAGE_NAMES = ("image", "img")
_LABEL_NAMES = ("label", "labels", "fine_label", "coarse_label", "class", "target", "y")


@dataclass(frozen=True)
class ArrowSplit:
    """One split as Arrow stream files: its columns, those of type Image, and ClassLabels' names.

    `beside` are the folders of the files that the split was made from. A row may name an image
    there by its path.
    """

    files: tuple[str, ...]
    beside: tuple[str, ...]
    columns: tuple[str, ...]
    images: tuple[str, ...]
    class_names: dict[str, tuple[str, ...]]


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
    column = _label_column(tables["train"], f"The train split of {name!r}")

    def labels(split: str) -> LabelColumn:
        table = tables[split]
        images = _image_column(table, f"The {split} split of {name!r}")
        files, beside = [*map(Path, table.files)], [*map(Path, table.beside)]
        rows = ArrowRows(files, images, beside=beside)
        return LabelColumn(rows, column, f"the {split} split of {name!r}")

    @cache
    def labelled(split: str) -> bool:
        return column in tables[split].columns and _is_labelled(labels(split))

    train = labels("train")
    classes = _class_names(train, tables["train"])
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
    train_split = RawSplit("train", train.rows, lambda: _read_labels(train, classes, first))
    test_split, used = None, [train.rows]
    if test is not None:
        own = tables[test].class_names.get(column, classes)
        place = np.argsort(counterparts(own, classes, name=name, split=test))
        held = labels(test)
        test_split = RawSplit(test, held.rows, lambda: _read_labels(held, own, place))
        used.append(held.rows)
    unused = [f"{s} ({_why(s, labelled)})" for s in tables if s not in ("train", test)]
    # If rows name files by path, these files may change unnoticed, so no index is kept.
    key = "" if any(rows.by_path for rows in used) else key
    return Source(name, key, classes, train_split, test_split, held_out, (*unused, *unread))


def numbered(labels: Int64[np.ndarray, " n"], what: str) -> tuple[str, ...]:
    """Return the names "0" to "c-1" for the classes of labels that are whole numbers.

    Negative labels stand for missing ones and do not count. Raises ValueError, with a message that
    begins with `what`, if the labels do not start at 0 or leave a number out.
    """
    found = np.unique(labels[labels >= 0])
    if len(found) and int(found[-1]) != len(found) - 1:
        missing = int(np.flatnonzero(np.append(found, -1) != np.arange(len(found) + 1))[0])
        raise ValueError(
            f"{what} are {len(found)} different numbers from {found[0]} to {found[-1]}, without "
            f"{missing}. Needed every number from 0 to {len(found) - 1}, or names of the classes "
            "(text, or a ClassLabel column). Renumber the classes, or name them."
        )
    return tuple(str(c) for c in range(len(found)))


def _image_column(table: ArrowSplit, where: str) -> str:
    """Find the image column: the one of type Image, else the one named image or img.

    Raises ValueError listing the columns if there is none or more than one.
    """
    found = table.images or tuple(n for n in _IMAGE_NAMES if n in table.columns)
    return _only(found, "image", table, where)


def _label_column(table: ArrowSplit, where: str) -> str:
    """Find the label column: "label", else the only ClassLabel, else the only one named like one.

    Raises ValueError listing the columns if there is none or more than one.
    """
    if "label" in table.columns:
        return "label"
    named = tuple(n for n in _LABEL_NAMES if n in table.columns)
    return _only(tuple(table.class_names) or named, "label", table, where)


def _class_names(labels: LabelColumn, table: ArrowSplit) -> tuple[str, ...]:
    """Return the classes in index order.

    They are the schema's names, else the sorted texts, else "0" to "c-1" for whole numbers. Raises
    ValueError if the whole numbers do not start at 0 or have a gap.
    """
    if labels.name in table.class_names:
        return table.class_names[labels.name]
    if labels.is_text:
        return tuple(sorted(labels.texts().unique().drop_null().to_pylist()))
    return numbered(labels.numbers(), f"The labels in {labels.name!r} of {labels.where}")


def _is_labelled(labels: LabelColumn) -> bool:
    """Tell whether any row has a label. Hidden test labels are all null or -1."""
    if labels.is_text:
        return bool(labels.texts().null_count < len(labels.rows))
    return bool((labels.numbers() >= 0).any())


def _read_labels(
    labels: LabelColumn, own: tuple[str, ...], place: Int64[np.ndarray, " c"]
) -> Int64[np.ndarray, " n"]:
    """Return the labels as class indices.

    `own` names the split's own classes, and `place` holds the index of each. Raises ValueError
    naming the first row whose label is missing, out of range or not a known name.
    """
    if labels.is_text:
        known = _places(labels, own)
        lists = (piece.to_pylist() for piece in labels.texts().chunks)
        found = np.fromiter((known.get(text, -1) for texts in lists for text in texts), np.int64)
        needed = "the name of a class of the training split"
    else:
        found = labels.numbers()
        needed = f"0 to {len(own) - 1}, one of the {len(own)} classes"
    outside = np.flatnonzero((found < 0) | (found >= len(own)))
    if len(outside):
        row = int(outside[0])
        given = labels.rows.column(labels.name)[row].as_py()
        raise ValueError(
            f"Row {row} of {labels.where} has the label {given!r} in {labels.name!r} "
            f"({len(outside)} rows have a bad label); needed {needed}. Correct or remove them."
        )
    return place.take(found)


def _places(labels: LabelColumn, own: tuple[str, ...]) -> dict[str, int]:
    """Return the index of each text that names a class, in any Unicode form."""
    known = {name: c for c, name in enumerate(own)}
    forms = {composed(name): c for c, name in enumerate(own)}
    if len(forms) == len(own):  # otherwise two classes differ in their form only
        for text in labels.texts().unique().drop_null().to_pylist():
            if text not in known and composed(text) in forms:
                known[text] = forms[composed(text)]
    return known


def _only(found: tuple[str, ...], what: str, table: ArrowSplit, where: str) -> str:
    if len(found) == 1:
        return found[0]
    problem = f"has several {what} columns {list(found)}" if found else f"has no {what} column"
    raise ValueError(
        f"{where} {problem}; its columns are {list(table.columns)}. Needed one, such as "
        f"{what!r}. Rename the right column, or remove the others."
    )


def _why(split: str, labelled: Callable[[str], bool]) -> str:
    if not labelled(split):
        return "no labels"
    return "for choosing only" if split in VALIDATION else "not needed"
