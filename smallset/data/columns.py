"""Which columns of a table are the image and the label, and what its classes are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from smallset.data.arrow_rows import ArrowRows, integer_labels

_IMAGE_NAMES = ("image", "img")
_LABEL_NAMES = ("label", "labels", "fine_label", "coarse_label", "class", "target", "y")


@dataclass(frozen=True)
class Features:
    """What a table's schema says: its columns, those of type Image, and ClassLabels' names."""

    columns: tuple[str, ...]
    images: tuple[str, ...]
    class_names: dict[str, tuple[str, ...]]


def image_column(features: Features, where: str) -> str:
    """Find the image column: the one of type Image, else the one named image or img.

    Raises ValueError listing the columns where there is none or more than one.
    """
    found = features.images or tuple(n for n in _IMAGE_NAMES if n in features.columns)
    return _only(found, "image", features, where)


def label_column(features: Features, where: str) -> str:
    """Find the label column: "label", else the only ClassLabel, else the only one named like one.

    Raises ValueError listing the columns where there is none or more than one.
    """
    if "label" in features.columns:
        return "label"
    named = tuple(n for n in _LABEL_NAMES if n in features.columns)
    return _only(tuple(features.class_names) or named, "label", features, where)


def class_names(rows: ArrowRows, column: str, features: Features) -> tuple[str, ...]:
    """Give the classes in index order: the schema's names, sorted texts, or "0" to "c-1"."""
    if column in features.class_names:
        return features.class_names[column]
    values = rows.labels(column)
    if _is_text(values):
        return tuple(sorted(text for text in pc.unique(values).to_pylist() if text is not None))
    labels = integer_labels(values, f"The column {column!r}")
    return tuple(str(c) for c in range(int(labels.max(initial=-1)) + 1))


def is_labelled(rows: ArrowRows, column: str | None) -> bool:
    """Tell whether any row has a label; hidden test labels are null or -1 throughout."""
    if column is None:
        return False
    values = rows.labels(column)
    if values.null_count == len(values):
        return False
    return _is_text(values) or bool((integer_labels(values, f"The column {column!r}") >= 0).any())


def label_reader(
    rows: ArrowRows, column: str, own: tuple[str, ...], classes: tuple[str, ...], where: str
) -> Callable[[], Int64[np.ndarray, " n"]]:
    """Give a function that reads the labels as indices into `classes`.

    `own` are the names that the split's own indices stand for. The function raises ValueError
    naming the first row whose label is missing, out of range or an unknown name.
    """

    def read() -> Int64[np.ndarray, " n"]:
        values = rows.labels(column)
        if _is_text(values):
            return _text_labels(values, column, classes, where)
        labels = integer_labels(values, f"The column {column!r} of {where}")
        outside = np.flatnonzero((labels < 0) | (labels >= len(own)))
        if len(outside):
            row = int(outside[0])
            given = values[row].as_py()
            raise ValueError(
                f"Row {row} of {where} has the label {given} in {column!r} ({len(outside)} rows "
                f"have such); needed 0 to {len(own) - 1}, one of the {len(own)} classes. Correct "
                "or remove these rows."
            )
        if own == classes:
            return labels
        return np.array([classes.index(name) for name in own], np.int64).take(labels)

    return read


def _text_labels(
    values: pa.ChunkedArray, column: str, classes: tuple[str, ...], where: str
) -> Int64[np.ndarray, " n"]:
    known = pa.array(classes, values.type)
    labels = integer_labels(pc.index_in(values, value_set=known), column)
    missing = np.flatnonzero(labels < 0)
    if len(missing):
        row = int(missing[0])
        raise ValueError(
            f"Row {row} of {where} has the label {values[row].as_py()!r} in {column!r} "
            f"({len(missing)} rows have such); needed the name of a class of the training split. "
            "Correct or remove these rows."
        )
    return labels


def _is_text(values: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def _only(found: tuple[str, ...], what: str, features: Features, where: str) -> str:
    if len(found) == 1:
        return found[0]
    problem = f"has several {what} columns {list(found)}" if found else f"has no {what} column"
    raise ValueError(
        f"{where} {problem}; its columns are {list(features.columns)}. Needed one, such as "
        f"{what!r}. Rename it or remove the others."
    )
