"""RUNS: the folder of a benchmark run, or a results file, as the report reads it."""

from dataclasses import dataclass
from pathlib import Path

from smallset.bench.matrix import Matrix, read_matrix
from smallset.evidence.results import read_results
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
    results = tuple(read_results(file))
    if not results:
        raise ValueError(
            f"'{file}' holds no results, and a report needs at least one line. "
            "Run `smallset bench` or `smallset evaluate` first."
        )
    own = path / MATRIX_NAME
    asked = matrix or (own if own.is_file() else None)
    return Runs(results, read_matrix(asked) if asked else None)
