"""Read a column of scores from a parquet, CSV or .npy file, and the columns that name images."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from smallset.lazy import pa, pa_csv, pc, pq
from smallset.scores.row_index import (
    is_empty,
    is_in_order,
    is_unnamed,
    numbers_or_names,
    pandas_index,
    seeming,
)
from smallset.shapes import Float64, Shaped
from smallset.spec import nearest

FORMATS = (".parquet", ".csv", ".npy")
KEYS = ("id", "index", "label")
"""The names of columns that say which image a row belongs to, and its class."""
# Read from a CSV as text, since 0017 may be a name.
_AS_TEXT = ("id", "", "Unnamed: 0", "Unnamed: 0.1")


@dataclass(frozen=True)
class ScoreColumn:
    """One number a row (nan if missing), and what the table says about the image of each row.

    `key` says what `keys` are: names in a split ("id", text), rows in the source's own order
    ("index", int64), or numbers from an index without a name, whose meaning depends on the data
    ("count", int64). `called` is the name of the column that holds the keys. If there are no keys,
    `unkeyed` names the columns that seem to identify images (see `row_index`). `labels` are class
    indices or class names (-1 or None if missing). `records` is the version of the observer's
    records that the numbers come from, if the file names it. `sources` are the fingerprints of the
    data that `smallset score` made the table from.
    """

    name: str
    values: Float64[np.ndarray, " m"]
    key: Literal["id", "index", "count"] | None = None
    keys: "pa.Array | None" = None
    called: str = ""
    unkeyed: tuple[str, ...] = ()
    labels: Shaped[np.ndarray, " m"] | None = None
    sources: frozenset[str] = frozenset()
    records: str | None = None


def read_column(path: Path, name: str | None) -> ScoreColumn:
    """Read a column of a file by name (None: the only column).

    Raises FileNotFoundError if there is no file. Raises ValueError if the file cannot be read, the
    column is missing, or the column does not hold numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file of scores {str(path)!r}. Needed a {', '.join(FORMATS[:-1])} or "
            f"{FORMATS[-1]} file with one number an image. Check the path."
        )
    try:
        table, facts, index = _read(path, name)
        plain = [field.with_type(_plain_type(field.type)) for field in table.schema]
        return _column(table.cast(pa.schema(plain)), facts, index, path)
    except (pa.ArrowException, EOFError, UnicodeError, BadZipFile, json.JSONDecodeError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error


def _column(table: "pa.Table", facts: object, index: Collection[str], path: Path) -> ScoreColumn:
    """Build a ScoreColumn from a table whose first column is the chosen one.

    `index` names the columns that pandas declares as the index. `facts` is what `write_scores`
    recorded about each column; other metadata is ignored.
    """
    chosen = table.column_names[0]
    columns = facts.items() if isinstance(facts, dict) else ()
    made_by = {name: by for name, by in columns if isinstance(by, dict)}
    records = made_by.get(chosen, {}).get("records")
    found = ScoreColumn(
        chosen,
        _numbers(table, chosen, path),
        labels=_labels(table, path),
        sources=frozenset(s for by in made_by.values() if isinstance(s := by.get("source"), str)),
        records=records if isinstance(records, str) else None,
    )
    if "id" in table.column_names:
        return replace(found, key="id", keys=_keys(table, "id", path), called="id")
    if "index" in table.column_names:
        return replace(found, key="index", keys=_keys(table, "index", path), called="index")
    return _with_index(found, table.select(table.column_names[1:]), index)


def _with_index(found: ScoreColumn, table: "pa.Table", index: Collection[str]) -> ScoreColumn:
    """Add the keys from an index without a name, or else the columns that seem to be keys.

    The table has no column id or index.
    """
    others = [n for n in table.column_names if n not in KEYS and not is_empty(table[n])]
    unnamed = {name: numbers_or_names(table[name]) for name in others if is_unnamed(name)}
    telling = {name: keys for name, keys in unnamed.items() if not is_in_order(keys)}
    named = [name for name in others if name not in unnamed]
    if telling:
        called, keys = next(iter(telling.items()))
        if keys is None or any(o is None or not keys.equals(o) for o in telling.values()):
            return replace(found, unkeyed=tuple(telling))
        key: Literal["id", "count"] = "id" if pa.types.is_string(keys.type) else "count"
        return replace(found, key=key, keys=keys, called=called)
    declared = tuple(name for name in named if name in index and not is_in_order(table[name]))
    return replace(found, unkeyed=declared or seeming(table, named))


def _read(path: Path, name: str | None) -> tuple["pa.Table", object, Collection[str]]:
    """Return the table with the chosen column first, smallset's metadata, and pandas' index."""
    if path.suffix == ".npy":
        return pa.table({"values": _array(path)}), {}, ()
    if path.suffix == ".csv":
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(use_threads=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(_AS_TEXT, pa.string())
            ),
        )
        return table.select(_wanted(table.schema, name, (), path)), {}, ()
    # Not `read_table`: the threads of pyarrow.dataset may abort the process when it ends.
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        index = pandas_index(schema, file.metadata.num_rows)
        wanted = _wanted(schema, name, index, path)
        table = file.read(columns=wanted, use_threads=False).select(wanted)
        for called, counted in index.items():
            if counted is not None and called not in schema.names:
                table = table.append_column(called, pa.array(counted, pa.int64()))
        facts = json.loads((schema.metadata or {}).get(b"smallset", b"{}"))
        return table, facts, index


def _array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        shape = array.shape if isinstance(array, np.ndarray) else "several arrays"
        raise _unreadable(path, f"it holds {shape}, not (n,)")
    if array.dtype.names is not None:
        raise _unreadable(path, f"it holds the fields {', '.join(array.dtype.names)}, not numbers")
    return array


def _wanted(schema: "pa.Schema", name: str | None, index: Collection[str], path: Path) -> list[str]:
    """Name the columns to read: the chosen one, then all that may identify the images."""
    names = schema.names
    scores = [n for n in names if n not in (*KEYS, *index) and not is_unnamed(n)]
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
        once = [f for f in schema if names.count(f.name) == 1]
        plain = ((f.name, _plain_type(f.type)) for f in once)
        telling = [n for n, kind in plain if kind == pa.string() or pa.types.is_integer(kind)]
        telling += [n for n in dict.fromkeys(names) if n in index or is_unnamed(n)]
        wanted += [n for n in dict.fromkeys(telling) if n not in wanted]
    for column in wanted:
        if names.count(column) > 1:
            raise ValueError(
                f"{str(path)!r} has {names.count(column)} columns {column!r}. Needed each name "
                "once. Rename them."
            )
    return wanted


def _numbers(table: "pa.Table", name: str, path: Path) -> Float64[np.ndarray, " m"]:
    kind = table[name].type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise ValueError(
            f"the column {name!r} of {str(path)!r} holds {kind}, not numbers. Needed one number "
            "an image, larger is harder. Name another column, or mend the file."
        )
    numbers: Float64[np.ndarray, " m"] = table[name].cast(pa.float64(), safe=False).to_numpy()
    return numbers


def _keys(table: "pa.Table", key: str, path: Path) -> "pa.Array":
    column = table[key].combine_chunks()
    if key == "id":
        return column.cast(pa.string())
    if not pa.types.is_integer(column.type):
        raise ValueError(
            f"the column 'index' of {str(path)!r} holds {column.type}. Needed the row of each "
            "image in the source's own order, from 0. Call it id if it holds the images' names."
        )
    return column.cast(pa.int64())


def _plain_type(kind: "pa.DataType") -> "pa.DataType":
    """Return the type of a column's values, without categories; every kind of text is string."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if text else kind


def _labels(table: "pa.Table", path: Path) -> Shaped[np.ndarray, " m"] | None:
    """Return the column of class indices (as int64) or class names, or None without one."""
    if "label" not in table.column_names:
        return None
    column, kind = table["label"], table["label"].type
    if pa.types.is_null(kind):
        return None
    try:
        if pa.types.is_floating(kind):  # nan if missing
            numbers = column.cast(pa.float64())
            column = pc.if_else(pc.is_nan(numbers), None, numbers)
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            column = column.cast(pa.string())
        elif pa.types.is_temporal(kind):
            raise pa.ArrowTypeError(f"it holds {kind}")
        if not pa.types.is_string(column.type):
            column = column.cast(pa.int64()).fill_null(-1)
    except pa.ArrowException as error:
        raise ValueError(
            f"the column 'label' of {str(path)!r} holds no classes ({error}). Needed their indices "
            "from 0, or their names. Mend it, or leave it out."
        ) from error
    labels: Shaped[np.ndarray, " m"] = column.to_numpy()
    return labels


def _unreadable(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{str(path)!r} cannot be read as a file of scores ({why.rstrip('.')}). Needed a parquet "
        "or CSV table with a header, or a .npy array (n,). Write it again, or give another."
    )
