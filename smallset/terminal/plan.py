"""Print the plan of a run: its tables, what is done, and how long the rest takes."""

from collections import Counter
from collections.abc import Container, Iterable

from smallset.bench.cells import MatrixCell
from smallset.bench.forecast import Forecast
from smallset.bench.kinds import KINDS, Unit
from smallset.bench.run import RunPlan
from smallset.records import Identity
from smallset.terminal import duration, say
from smallset.terminal.sets import data_lines


def show_plan(plan: RunPlan, *, cells: bool = False) -> None:
    """Print the tables of a matrix and what is left to do. If `cells`, print each setting too."""
    if plan.torn:
        say("removed an incomplete last line of a stopped run")
    if plan.taken:
        say(f"reused {len(plan.taken)} results of other runs")
    for version, count in plan.passed.items():
        say(f"did not reuse {count} results of other runs, made by {version}")
    ground, results = plan.ground, plan.lines.results
    for opened in ground.data.values():
        for line in data_lines(opened.data):
            say(line)
    say(f"{ground.matrix.title}: {len({cell.identity for cell in ground.cells})} cells")
    for sweep in ground.matrix.sweeps:
        own = [cell for cell in ground.cells if cell.sweep is sweep]
        done = sum(cell.identity in results for cell in own)
        here = sweep.data in ground.data
        said = f"{len(own)} cells, {done} done" if here else f"its data {sweep.data!r} is not here"
        say(f"  {sweep.title}: {said}")
        for line in _settings(own, results) if cells else ():
            say(f"    {line}")
    say(f"shared: {_counted(plan.units.values())}")
    say(f"to do: {_counted(plan.pending)}")


def _settings(cells: Iterable[MatrixCell], results: Container[Identity]) -> list[str]:
    """Return a line for each setting of a table: its methods with their finished replicates."""
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
    """Print the estimates of time and space, and where the rates come from."""
    if not found.seconds:
        return
    say(
        f"about {duration(found.seconds / jobs)} in {jobs} process{'' if jobs == 1 else 'es'}, "
        f"besides starting, decoding and drawing; up to {found.run_bytes / 1e6:,.1f} MB of sets, "
        f"and up to {found.work_bytes / 1e6:,.0f} MB of decoded pixels in the work folder"
    )
    basis = {"result lines": found.known, "a few steps measured here": found.measured}
    for source, trainings in basis.items():
        if trainings:
            names = ", ".join(f"{t.model} at {t.size} px, batch {t.batch}" for t in trainings)
            say(f"  from {source}: {names}")


def _counted(units: Iterable[Unit]) -> str:
    counts = Counter(unit.kind for unit in units)
    words = (
        f"{counts[kind]} {kind}{'' if counts[kind] == 1 or kind.endswith('s') else 's'}"
        for kind in KINDS
        if kind in counts
    )
    return " -> ".join(words) or "nothing"
