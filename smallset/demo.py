"""The demo: compress the embedded digits in three ways to equal bytes and compare them."""

from collections.abc import Callable
from pathlib import Path

from smallset.bench.cells import identity_of
from smallset.bench.kinds.sets import SetUnit
from smallset.bench.run import Finished, Request, run_bench
from smallset.evidence.lines import read_lines
from smallset.records import Result
from smallset.store import CompressedDataset, open_set

MATRIX: str | Path = "demo"


def run_demo(
    out: Path,
    *,
    jobs: int = 0,
    work: Path | None = None,
    told: Callable[[Finished], None] | None = None,
) -> tuple[dict[str, list[Result]], dict[str, CompressedDataset]]:
    """Run the shipped matrix `demo` in the folder `out`. A stopped run goes on.

    Return two dictionaries by the method's label in the matrix: the results (each replicate has its
    own draw and student), and the first set. Raises the errors of `run_bench`.
    """
    plan = run_bench(Request(MATRIX, out, work=work), jobs=jobs, told=told)
    lines = read_lines(out / "results.jsonl", Result)
    found = {identity_of(result): result for result in lines}
    results: dict[str, list[Result]] = {label: [] for label in plan.ground.matrix.methods}
    sets: dict[str, CompressedDataset] = {}
    for cell in plan.ground.cells:
        results[cell.label].append(found[cell.identity])
        if cell.label not in sets:
            made = SetUnit.of(cell, plan.ground).out
            assert made is not None
            sets[cell.label] = open_set(made)
    return results, {label: sets[label] for label in results}
