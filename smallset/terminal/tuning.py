"""Print a tuning: its cost before it starts, each student, and the frontier."""

from smallset.bench.run import Finished
from smallset.evidence import welch_difference
from smallset.numbers import counted
from smallset.terminal import WIDTH, duration, fitted, percent, say
from smallset.terminal.sets import data_lines
from smallset.tuning.tune import Tuned, TuningPlan


def show_tuning(plan: TuningPlan, *, candidates: bool = False) -> None:
    """Print what a tuning costs. If `candidates`, print each candidate too."""
    for line in data_lines(plan.data):
        say(line)
    say(f"{counted(len(plan.candidates), 'candidate')} for {plan.setting.budget}")
    for candidate in plan.candidates if candidates else ():
        say(f"  {candidate}")
    for candidate, least in plan.beyond.items():
        say(f"  left out, as one image of each class takes {least:,} bytes: {candidate}")
    for rung in plan.rungs:
        draws = f", {rung.draws} draws of each" if rung.draws > 1 else ""
        tried, steps = counted(rung.count, "candidate"), counted(rung.steps, "step")
        say(f"  rung {rung.number}: {tried}, {steps}{draws}")
    total = sum(rung.students for rung in plan.rungs)
    processes = f"{plan.jobs} process{'' if plan.jobs == 1 else 'es'}"
    say(
        f"{total - plan.done} of {total} students ({plan.setting.student}) to train, about "
        f"{duration(plan.forecast.seconds / plan.jobs)} in {processes} with the observers, besides "
        "starting, decoding and drawing"
    )


def tried_line(finished: Finished) -> str:
    """Return one line about a student of a tuning."""
    result = finished.result
    assert result is not None
    begin = f"{finished.number}/{finished.total}  {percent(result.top1)}: "
    end = f", {result.codec}, {counted(result.images, 'image')}, {counted(result.steps, 'step')}"
    method = finished.unit.asker.label.removesuffix(f" as {result.codec}")
    return begin + fitted(method, WIDTH - len(begin) - len(end)) + end


def show_frontier(tuned: Tuned) -> None:
    """Print all candidates, those of the last rung first and the best one first."""
    say(f"{'top-1':>8}  students  {'steps':>5}  {'images':>7}  {'bytes':>11}  candidate")
    for tried in tuned.frontier:
        first = tried.results[0]
        say(
            f"{percent(tried.top1):>8}  {len(tried.results):>8}  {first.steps:>5}  "
            f"{first.images:>7,}  {first.cost.images:>11,}  {tried.candidate}"
        )
    for candidate in tuned.dropped:
        say(f"  dropped out, as one image of each class took more than the budget: {candidate}")
    best, *others = tuned.frontier
    tested = best.results[0]
    say(f"top-1 of {tested.student} on {tested.held_out}")
    if others and others[0].rung == best.rung:
        values = ([result.top1 for result in one.results] for one in (best, others[0]))
        gap = welch_difference(*values)
        say(
            f"the best minus the second: {100 * gap.mean:+.1f} points "
            f"[{100 * gap.low:.1f}, {100 * gap.high:.1f}] (95 %)"
        )
