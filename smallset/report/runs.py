"""RUNS: the folder of a benchmark run, or a results file, as the report reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from smallset.bench.matrix import Matrix, read_matrix
from smallset.evidence.lines import read_lines
from smallset.records import Result

RESULTS_NAME = "results.jsonl"
MATRIX_NAME = "matrix.toml"


@dataclass(frozen=True)
class Runs:
    """Results, and the matrix that asked for them, None where there is none."""

    results: tuple[Result, ...]
    matrix: Matrix | None


def read_runs(path: Path, matrix: str | None = None) -> Runs:
    """Read a run folder (results.jsonl and, where there, matrix.toml) or a results file.

    `matrix` is a shipped one or a file, taken in place of the folder's own. Raises
    FileNotFoundError where there is no such thing, and ValueError for a file without results, a
    torn line, another version's line or a bad matrix.
    """
    file = path / RESULTS_NAME if path.is_dir() else path
    if not file.is_file():
        inside = f" (no {RESULTS_NAME} in it)" if path.is_dir() else ""
        raise FileNotFoundError(
            f"there are no results in '{path}'{inside}: needed a folder that `smallset bench` made "
            "or a results file. Give its path, or run the benchmark first."
        )
    results = tuple(read_lines(file, Result))
    if not results:
        raise ValueError(
            f"'{file}' holds no results, and a report needs at least one line. "
            "Run `smallset bench` or `smallset evaluate` first."
        )
    own = path / MATRIX_NAME
    asked = matrix or (own if own.is_file() else None)
    return Runs(results, _sized(read_matrix(asked), results, file) if asked else None)


def _sized(matrix: Matrix, results: Sequence[Result], file: Path) -> Matrix:
    """Return the matrix with the size of every table: one without has that of its data's results.

    All tables of such data are without (`parse_matrix` sees to it), so its results have one size.
    A table whose data has no result is left without.
    """
    found: dict[str, set[int]] = {}
    for result in results:
        found.setdefault(result.dataset, set()).add(result.size)
    tables = []
    for table in matrix.sweeps:
        sizes = sorted(found.get(table.data, ()))
        if table.size is None and len(sizes) > 1:
            raise ValueError(
                f"the matrix leaves out the size of {table.data!r}, but '{file}' has results of it "
                f"at {' and '.join(map(str, sizes))} px. Give the size in the matrix's table."
            )
        size = table.size or (sizes[0] if sizes else None)
        tables.append(replace(table, size=size))
    return replace(matrix, sweeps=tuple(tables))
