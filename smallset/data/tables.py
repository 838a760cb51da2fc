"""Make a source of the tables of its splits: find columns, classes and the held-out split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from smallset.data.arrow_rows import ArrowRows
from smallset.data.source import Folder, RawSplit, Source
from smallset.data.splits import choose_split, counterparts, why_unused
from smallset.lazy import pa
from smallset.records import composed
from smallset.shapes import Int64

_IMAGE_NAMES = ("image", "img")
_LABEL_NAMES = ("label", "labels", "fine_label", "coarse_label", "class", "target", "y")


@dataclass(frozen=True)
class ArrowSplit:
    """One split as Arrow stream files.

    `columns` are the names of its columns, and `images` those of type Image. `class_names` are the
    names of the classes of each ClassLabel column. `beside` are the folders of the files that the
    split was made from. A row may name an image there by its path.
    """

    files: tuple[str, ...]
    beside: tuple[str, ...]
    columns: tuple[str, ...]
    images: tuple[str, ...]
    class_names: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class LabelColumn:
    """The label column of some rows. `where` names the split in error messages.

    `names` are the classes in index order, if the schema has them.
    """

    rows: ArrowRows
    column: str
    where: str
    names: tuple[str, ...] | None = None

    @property
    def is_text(self) -> bool:
        """Tell whether the labels are class names."""
        kind = self.rows.schema.field(self.column).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    @property
    def is_labelled(self) -> bool:
        """Tell whether any row has a label. Hidden test labels are all null or -1."""
        if self.is_text:
            return bool(self.rows.column(self.column).null_count < len(self.rows))
        return bool((self.numbers() >= 0).any())

    def classes(self) -> tuple[str, ...]:
        """Return the classes in index order.

        They are the schema's names, else the sorted texts, else "0" to "c-1" for whole numbers.
        Raises ValueError if the whole numbers do not start at 0 or have a gap.
        """
        if self.names is not None:
            return self.names
        if self.is_text:
            return tuple(sorted(self.rows.column(self.column).unique().drop_null().to_pylist()))
        return numbered(self.numbers(), f"The labels in {self.column!r} of the {self.where}")

    def numbers(self) -> Int64[np.ndarray, " n"]:
        """Return the labels of a column of whole numbers, with -1 for missing labels.

        Raises ValueError if the values of the column are not whole numbers.
        """
        kind = self.rows.schema.field(self.column).type
        if not (pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
            raise ValueError(
                f"The column {self.column!r} of the {self.where} holds {kind} values; needed class "
                "indices or class names as text. Convert the column."
            )
        column = self.rows.column(self.column)
        labels: np.ndarray = column.cast(pa.int64()).fill_null(-1).to_numpy()
        return labels

    def positions(self, classes: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
        """Return each row's position in `classes`.

        Raises ValueError naming the first row whose label is missing, out of range or not a known
        name.
        """
        found: np.ndarray
        if self.is_text:
            texts = self.rows.column(self.column).combine_chunks().dictionary_encode()
            known = np.array([*_matched(texts.dictionary.to_pylist(), classes), -1])
            found = known.take(texts.indices.fill_null(len(known) - 1))
            needed = "the name of a class of the training split"
        else:
            found = self.numbers()
            needed = f"0 to {len(classes) - 1}, one of the {len(classes)} classes"
        outside = np.flatnonzero((found < 0) | (found >= len(classes)))
        if len(outside):
            row = int(outside[0])
            given = self.rows.column(self.column)[row].as_py()
            raise ValueError(
                f"Row {row} of the {self.where} has the label {given!r} in {self.column!r} "
                f"({len(outside)} rows have a bad label); needed {needed}. Correct or remove them."
            )
        return found


def table_source(
    name: str,
    key: str,
    tables: Mapping[str, ArrowSplit],
    *,
    unread: Sequence[str] = (),
    chosen: Folder | None = None,
) -> Source:
    """Make a source of the table of each split.

    `choose_split` decides which split is held out. `chosen` says that the user has named the
    files. `unread` names splits that have no table here. Raises ValueError for a missing train
    split, for missing or ambiguous columns, and for classes that differ between the splits.
    """
    if "train" not in tables:
        raise ValueError(
            f"{name!r} has the splits {sorted(tables)}; needed one called 'train'. Rename one, or "
            "say which files are meant with --train and --test."
        )
    column = _label_column(tables["train"], f"train split of {name!r}")

    @cache
    def labels(split: str) -> LabelColumn:
        table, where = tables[split], f"{split} split of {name!r}"
        rows = ArrowRows(table.files, _image_column(table, where), beside=table.beside)
        return LabelColumn(rows, column, where, table.class_names.get(column))

    @cache
    def labelled(split: str) -> bool:
        return column in tables[split].columns and labels(split).is_labelled

    train = labels("train")
    classes = train.classes()
    split, held_out = choose_split(tables, labelled, chosen)
    if split is not None and not labelled(split):
        raise ValueError(
            f"The test split of {name!r} has no labels in a column {column!r}, but it was "
            "named to hold the held-out images. Needed labels in the same column as in train. "
            "Name other files with --test."
        )
    read, test = [train], None
    if split is not None:
        held = labels(split)
        own = held.names or classes
        place = np.argsort(counterparts(own, classes, name=name, split=split))
        read, test = [train, held], RawSplit(split, held.rows, lambda: place[held.positions(own)])
    others = [s for s in tables if s not in ("train", split)]
    unused = [f"{s} ({why_unused(s, '' if labelled(s) else 'no labels')})" for s in others]
    # If rows name files by path, these files may change unnoticed, so no index is kept.
    key = "" if any(one.rows.by_path for one in read) else key
    train_split = RawSplit("train", train.rows, lambda: train.positions(classes))
    return Source(name, key, classes, train_split, test, held_out, (*unused, *unread))


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


def _matched(texts: Sequence[str], classes: tuple[str, ...]) -> list[int]:
    """Return the position of the class that each text names in any Unicode form, or -1."""
    known = {name: c for c, name in enumerate(classes)}
    forms = {composed(name): c for name, c in known.items()}
    if len(forms) < len(classes):  # two classes differ in their form only
        forms = {}
    return [known.get(text, forms.get(composed(text), -1)) for text in texts]


def _only(found: tuple[str, ...], what: str, table: ArrowSplit, where: str) -> str:
    if len(found) == 1:
        return found[0]
    problem = f"has several {what} columns {list(found)}" if found else f"has no {what} column"
    raise ValueError(
        f"The {where} {problem}; its columns are {list(table.columns)}. Needed one, such as "
        f"{what!r}. Rename the right column, or remove the others."
    )
