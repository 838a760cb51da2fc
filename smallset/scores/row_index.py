"""Find the columns of a table that say which image each row belongs to.

The rows of a sorted table are matched correctly only by an index. smallset uses the columns `id`
and `index`. pandas and R write an index without a name. Other columns only look like an index.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from smallset.lazy import pa
from smallset.shapes import Int64

_UNNAMED = re.compile(r"|Unnamed: 0.*|__index_level_\d+__")
_USUAL = re.compile(
    r"ids?|idx|index|keys?|uid|rows?|row_nr|nr|numbers?|samples?|(file|path|image|img)s?|names?|filenames?"
    r"|.*[ _.-](ids?|idx|index|nr|number|names?|path|file|key)",
    re.IGNORECASE,
)


def is_unnamed(name: str) -> bool:
    """Whether a column is an index without a name, as pandas and R write it.

    In a CSV its name is empty, which pandas reads back as "Unnamed: 0"; in a parquet file it is
    `__index_level_0__`.
    """
    return _UNNAMED.fullmatch(name) is not None


def pandas_index(schema: "pa.Schema", rows: int) -> dict[str, range | None]:
    """Return the index that pandas recorded in a parquet file, by name.

    A stored column has the value None. A range that is not stored as a column is returned itself.
    A range 0, 1, 2, ... without a name says nothing about the rows and is left out. A range whose
    length is not `rows` is left out too, as pandas does.
    """
    found: dict[str, range | None] = {}
    said = schema.pandas_metadata
    columns = said.get("index_columns") if isinstance(said, dict) else None
    for column in columns if isinstance(columns, list) else ():
        if isinstance(column, str):
            found[column] = None
        elif isinstance(column, dict) and column.get("kind") == "range":
            ends = [end for k in ("start", "stop", "step") if isinstance(end := column.get(k), int)]
            if len(ends) < 3 or not ends[2]:
                continue  # not as pandas writes a range
            counted = range(*ends)
            name = str(column.get("name") or "")
            if len(counted) == rows and (name or counted != range(rows)):
                found[name] = counted
    return found


def is_empty(column: "pa.ChunkedArray") -> bool:
    """Whether a column is empty in every row, as after a comma at the end of every line."""
    found = column.unique()
    return len(found) <= 2 and {*found.to_pylist()} <= {None, ""}


def numbers_or_names(column: "pa.ChunkedArray") -> "pa.Array | None":
    """Return an index without a name as int64 if it holds whole numbers, else as text.

    Return None if the index holds neither, or lacks values. Text such as "17" is a number,
    but "017" is a name.
    """
    text, given = pa.types.is_string(column.type), column.combine_chunks()
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if column.null_count or not (text or number):
        return None
    try:
        numbers = given.cast(pa.int64())
    except pa.ArrowInvalid:  # names or fractions
        return given if text else None
    return numbers if number or numbers.cast(pa.string()).equals(given) else given


def places(counted: Int64[np.ndarray, " m"], rows: Int64[np.ndarray, " n"]) -> np.ndarray | None:
    """Return the table row of each image by an index without a name; None if it does not fit.

    `counted` are the values of the index. They fit if they are the numbers of the images from 0
    (pandas) or from 1 (R), or the `rows` of the images in the source, each once and in any order.
    `rows` must ascend.
    """
    order = np.argsort(counted, kind="stable")
    ordered, n = counted[order], len(rows)
    known = (np.arange(n), np.arange(1, n + 1), rows)
    return order if any(np.array_equal(ordered, one) for one in known) else None


def is_in_order(column: "pa.ChunkedArray | pa.Array | None") -> bool:
    """Whether a column only numbers the rows in order, from 0 or 1, so that it says nothing."""
    counts = None if column is None else _counts(column)
    return counts is not None and bool((np.diff(counts) == 1).all())


def seeming(table: "pa.Table", names: Iterable[str]) -> tuple[str, ...]:
    """Return the first of these columns that seems to identify the images, or several together.

    A text column seems to identify images if it has a usual name, such as "filename", or if no
    value occurs twice. A column of whole numbers does if it numbers the rows in another order, or
    if it has a usual name and no value occurs twice.

    If no column does, return all text columns and all whole numbers with a usual name, provided
    that no two rows agree in all of these columns. Otherwise return ().
    """
    others = [name for name in names if not is_in_order(table[name])]
    likely = [name for name in others if _is_likely(name, table[name])]
    for name in others:
        text = pa.types.is_string(table[name].type)  # values may repeat: ape/0.png, bee/0.png
        named = text and _USUAL.fullmatch(name) is not None
        counted = _counts(table[name]) is not None
        if counted or named or (name in likely and _tell_apart([table[name]])):
            return (name,)
    return tuple(likely) if _tell_apart([table[name] for name in likely]) else ()


def _is_likely(name: str, column: "pa.ChunkedArray") -> bool:
    if pa.types.is_integer(column.type):
        return _USUAL.fullmatch(name) is not None
    return bool(pa.types.is_string(column.type))


def _counts(column: "pa.ChunkedArray | pa.Array") -> Int64[np.ndarray, " m"] | None:
    """Return the numbers if they are 0 .. m - 1 or 1 .. m in some order, else None."""
    if not pa.types.is_integer(column.type) or column.null_count or len(column) < 2:
        return None
    numbers: Int64[np.ndarray, " m"] = column.to_numpy()
    first = int(numbers.min())
    counted = np.array_equal(np.sort(numbers), np.arange(first, first + len(numbers)))
    return numbers if first in (0, 1) and counted else None


def _tell_apart(columns: Sequence["pa.ChunkedArray"]) -> bool:
    """Whether no two rows are equal in all of these columns."""
    if not columns or len(columns[0]) < 2:
        return False
    codes = [c.combine_chunks().dictionary_encode("encode").indices.to_numpy() for c in columns]
    return bool(np.unique(np.stack(codes), axis=1).shape[1] == len(columns[0]))
