"""`scores.parquet`: a row for each image, a column for each score, and what made them."""

import json
from pathlib import Path

import numpy as np

from smallset.files import replacing
from smallset.lazy import pa, pq
from smallset.records import Scores
from smallset.shapes import Int64
from smallset.typed import read_json


def write_scores(
    path: Path,
    scores: dict[str, Scores],
    *,
    rows: Int64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    run: str | None = None,
) -> None:
    """Write scores of one training split; `rows` are positions in the source's own order.

    The schema's metadata holds JSON under `smallset`, which says what made each column. `run` is
    the fingerprint of an observer's run, for a table without scores.
    """
    columns: dict[str, object] = {"index": rows, "label": labels}
    columns |= {name: score.values for name, score in scores.items()}
    made_by = {name: dict(score.made_by) for name, score in scores.items()}
    metadata = {"smallset": json.dumps(made_by, sort_keys=True)} | ({"run": run} if run else {})
    table = pa.table(columns).replace_schema_metadata(metadata)
    with replacing(path) as file:
        pq.write_table(table, file)


def read_scores(path: Path) -> dict[str, Scores]:
    """Read a file that `write_scores` wrote: scores by column name, in the order of the columns.

    Raises FileNotFoundError if there is no file, and ValueError if the file is damaged.
    """
    # Not `read_table`: the threads of pyarrow.dataset may abort the process when it ends.
    with pq.ParquetFile(path) as file:
        table = file.read(use_threads=False)
    made_by = read_json(
        (table.schema.metadata or {}).get(b"smallset", b"{}"),
        dict[str, dict[str, str]],
        where=f"what made the columns of '{path}'",
        advice="Score again.",
    )
    return {
        name: Scores(table[name].to_numpy().astype(np.float32), made_by[name])
        for name in table.column_names
        if name in made_by
    }


def read_run(path: Path) -> str | None:
    """Return the fingerprint of the run that a table's metadata names, or None."""
    named = (pq.read_schema(path).metadata or {}).get(b"run")
    return None if named is None else named.decode()
