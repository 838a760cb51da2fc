"""A column of numbers from a parquet, CSV or .npy file, and what says whose numbers they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Float64, Shaped
from pyarrow import csv

from smallset.spec import nearest

FORMATS = (".parquet", ".csv", ".npy")
KEYS = ("id", "index", "label")
"""What a table calls its columns that say which image a row is of."""


@dataclass(frozen=True)
class Column:
    """One number a row (nan where there is none), and what a row says of its image, if it does.

    `keys` are the column `key`: names in a split ("id", text) or rows in a source's own order
    ("index", int64). Without any, `unkeyed` is a column of text in which no two rows are the same:
    names, it seems. `labels` are class indices or the classes' names, -1 or None where there is
    none; `records` is the version of an observer's records that the numbers rest on, if named;
    `sources` the fingerprints of the data that a table of `smallset score` was made from.
    """

    name: str
    values: Float64[np.ndarray, " m"]
    key: str | None = None
    keys: pa.Array | None = None
    unkeyed: str | None = None
    labels: Shaped[np.ndarray, " m"] | None = None
    sources: frozenset[str] = frozenset()
    records: str | None = None


def read_column(path: Path, name: str | None) -> Column:
    """Read a column of a file by name (None: the only one).

    Raises FileNotFoundError where there is no file, and ValueError for one that cannot be read, for
    a column that is not there (with the nearest and the list), and for one that holds no numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file of scores {str(path)!r}. Needed a {', '.join(FORMATS[:-1])} or "
            f"{FORMATS[-1]} file with one number an image. Check the path."
        )
    try:
        table, metadata = _read(path, name)
        facts = json.loads(metadata.get(b"smallset", b"{}"))
        return _column(_plain(table), facts, path)
    except (pa.ArrowException, EOFError, UnicodeError, BadZipFile, json.JSONDecodeError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error


def _column(table: pa.Table, facts: object, path: Path) -> Column:
    """Take apart what was read, the chosen column first."""
    chosen = table.column_names[0]
    key = next((k for k in KEYS[:2] if k in table.column_names), None)
    keys = None if key is None else _keys(table, key, path)
    unkeyed = _names(table, chosen) if key is None else None
    numbers, labels = _numbers(table, chosen, path), _labels(table, path)
    made_by = _made_by(facts)
    sources = frozenset(s for by in made_by.values() if isinstance(s := by.get("source"), str))
    records = made_by.get(chosen, {}).get("records")
    named = records if isinstance(records, str) else None
    return Column(chosen, numbers, key, keys, unkeyed, labels, sources, named)


def _read(path: Path, name: str | None) -> tuple[pa.Table, Mapping[bytes, bytes]]:
    """Give the chosen column, first, those of KEYS that there are or any text; and the metadata."""
    if path.suffix == ".npy":
        return pa.table({"values": _array(path)}), {}
    if path.suffix == ".csv":
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),
            convert_options=csv.ConvertOptions(column_types={"id": pa.string()}),  # 0017 is a name
        )
        return table.select(_wanted(table.schema, name, path)), {}
    # Not `read_table`: the threads of pyarrow.dataset may abort the process when it ends.
    with pq.ParquetFile(path) as file:
        wanted = _wanted(file.schema_arrow, name, path)
        table = file.read(columns=wanted, use_threads=False).select(wanted)
        return table, file.schema_arrow.metadata or {}


def _array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        shape = array.shape if isinstance(array, np.ndarray) else "several arrays"
        raise _unreadable(path, f"it holds {shape}, not (n,)")
    return array


def _wanted(schema: pa.Schema, name: str | None, path: Path) -> list[str]:
    """Name the columns to read, the chosen one first."""
    names = schema.names
    scores = [n for n in names if n not in KEYS]
    if name is None and len(scores) != 1:
        raise ValueError(
            f"{str(path)!r} has {len(scores)} columns of scores, so which one to take is not "
            f"clear. Needed one name. Give file({path}, COLUMN). {nearest('', scores)}"
        )
    chosen = scores[0] if name is None else name
    if chosen not in names:
        raise ValueError(f"{str(path)!r} has no column {chosen!r}. {nearest(chosen, scores)}")
    wanted = [chosen, *(key for key in KEYS if key in names and key != chosen)]
    if not {*KEYS[:2]} & {*wanted}:
        text = [field.name for field in schema if _is_text(field.type)]
        wanted += [n for n in text if n not in wanted and names.count(n) == 1]
    for column in wanted:
        if names.count(column) > 1:
            raise ValueError(
                f"{str(path)!r} has {names.count(column)} columns {column!r}. Needed each name "
                "once. Rename them."
            )
    return wanted


def _numbers(table: pa.Table, name: str, path: Path) -> Float64[np.ndarray, " m"]:
    kind = table[name].type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise ValueError(
            f"the column {name!r} of {str(path)!r} holds {kind} and no numbers. Needed one number "
            "an image, larger is harder. Name another column, or mend the file."
        )
    numbers: Float64[np.ndarray, " m"] = table[name].cast(pa.float64(), safe=False).to_numpy()
    return numbers


def _keys(table: pa.Table, key: str, path: Path) -> pa.Array:
    column = table[key].combine_chunks()
    if key == "id":
        return column.cast(pa.string())
    if not pa.types.is_integer(column.type):
        raise ValueError(
            f"the column 'index' of {str(path)!r} holds {column.type}. Needed the row of each "
            "image in the source's own order, from 0. Call it id where it holds the images' names."
        )
    return column.cast(pa.int64())


def _names(table: pa.Table, chosen: str) -> str | None:
    """Give the first further column of text that tells all rows apart, if there is one."""
    others = [name for name in table.column_names if name not in (chosen, *KEYS)]
    return next((name for name in others if _tells_apart(table[name])), None)


def _tells_apart(column: pa.ChunkedArray) -> bool:
    return _is_text(column.type) and len(column) > 1 and len(column.unique()) == len(column)


def _is_text(kind: pa.DataType) -> bool:
    return bool(_plain_type(kind) == pa.string())


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Give the type of the same values without categories, and of text the one it is read as."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if text else kind


def _plain(table: pa.Table) -> pa.Table:
    fields = [field.with_type(_plain_type(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _labels(table: pa.Table, path: Path) -> Shaped[np.ndarray, " m"] | None:
    """Give the column of class indices, as whole numbers of any type, or names, if there is one."""
    if "label" not in table.column_names:
        return None
    column, kind = table["label"], table["label"].type
    if pa.types.is_null(kind):
        return None
    try:
        if pa.types.is_floating(kind):  # nan where there is none
            numbers = column.cast(pa.float64())
            column = pc.if_else(pc.is_nan(numbers), None, numbers)
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            column = column.cast(pa.string())
        elif pa.types.is_temporal(kind):
            raise pa.ArrowTypeError(f"it holds {kind}")
        if not _is_text(column.type):
            column = column.cast(pa.int64()).fill_null(-1)
    except pa.ArrowException as error:
        raise ValueError(
            f"the column 'label' of {str(path)!r} holds no classes ({error}). Needed their indices "
            "from 0, or their names. Mend it, or leave it out."
        ) from error
    labels: Shaped[np.ndarray, " m"] = column.to_numpy()
    return labels


def _made_by(facts: object) -> dict[str, dict[str, object]]:
    """Give what `write_scores` says of each column; nothing of another's facts."""
    columns = facts.items() if isinstance(facts, dict) else ()
    return {name: by for name, by in columns if isinstance(by, dict)}


def _unreadable(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{str(path)!r} cannot be read as a file of scores ({why.rstrip('.')}). Needed a parquet "
        "or CSV table with a header, or a .npy array (n,). Write it again, or give another."
    )
