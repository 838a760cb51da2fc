"""The plan of a run: what a matrix has, what is done, and how long the rest takes."""

from collections.abc import Container, Iterable

from smallset.bench.cells import MatrixCell
from smallset.bench.forecast import Forecast
from smallset.bench.run import RunPlan
from smallset.records import Identity
from smallset.terminal import duration, say
from smallset.terminal.sets import data_lines

_COUNTS = ("pixels", "observer", "teacher", "set", "cell", "full")


def show_plan(plan: RunPlan, *, cells: bool = False) -> None:
    """Say what a matrix has and what there is to do; with `cells` also each setting."""
    if plan.torn:
        say("took out a last line that a stopped run had not finished writing")
    if plan.taken:
        say(f"took over {len(plan.taken)} results of other runs")
    for version, count in plan.passed.items():
        say(f"passed over {count} results of other runs, made by {version}")
    for source in plan.checked.sources.values():
        for line in data_lines(source.data):
            say(line)
    say(f"{plan.matrix.title}: {len({cell.identity for cell in plan.cells})} cells")
    for table in plan.matrix.sweeps:
        own = [cell for cell in plan.cells if cell.sweep is table]
        done = sum(cell.identity in plan.results for cell in own)
        here = table.data in plan.checked.sources
        said = f"{len(own)} cells, {done} done" if here else f"its data {table.data!r} is not here"
        say(f"  {table.title}: {said}")
        for line in _settings(own, plan.results) if cells else ():
            say(f"    {line}")
    counts = [(kind, sum(u.kind == kind for u in plan.units.values())) for kind in _COUNTS]
    todo = [(kind, sum(u.kind == kind for u in plan.pending)) for kind in _COUNTS]
    say(f"shared: {_counted(counts)}")
    say(f"to do: {_counted(todo)}")


def _settings(cells: Iterable[MatrixCell], results: Container[Identity]) -> list[str]:
    """Give a line a setting of a table: each method with its replicates done, of how many."""
    found: dict[str, dict[str, list[bool]]] = {}
    for cell in cells:
        setting = f"{cell.budget.words if cell.budget else 'all images'}, {cell.training}"
        done = found.setdefault(setting, {}).setdefault(cell.label, [])
        done.append(cell.identity in results)
    return [
        f"{setting}: {', '.join(f'{label} {sum(d)}/{len(d)}' for label, d in methods.items())}"
        for setting, methods in found.items()
    ]


def show_forecast(found: Forecast, jobs: int) -> None:
    """Say how long it takes, how large it gets, and from what that is known."""
    if not found.seconds:
        return
    say(
        f"about {duration(found.seconds / jobs)} in {jobs} process{'' if jobs == 1 else 'es'}, "
        f"besides decoding and drawing; up to {found.run_bytes / 1e6:,.1f} MB of sets, and up to "
        f"{found.work_bytes / 1e6:,.0f} MB of decoded pixels in the work folder"
    )
    basis = {"result lines": found.known, "a few steps measured here": found.measured}
    for source, trainings in basis.items():
        if trainings:
            names = ", ".join(f"{t.model} at {t.size} px, batch {t.batch}" for t in trainings)
            say(f"  from {source}: {names}")


def _counted(counts: list[tuple[str, int]]) -> str:
    words = [f"{n} {kind}{'' if n == 1 or kind == 'pixels' else 's'}" for kind, n in counts if n]
    return " -> ".join(words) or "nothing"
