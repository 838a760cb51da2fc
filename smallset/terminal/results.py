"""Print results: of a student, of a unit of a matrix, and of all students of a set."""

from pathlib import Path

from smallset.bench.run import Finished
from smallset.evidence import mean_interval
from smallset.numbers import counted
from smallset.records import Result
from smallset.terminal import WIDTH, bytes_against, duration, fitted, percent, say
from smallset.train.protocol import caveat


def result_line(r: Result) -> str:
    """Return one line about a student."""
    worst = min(range(len(r.classes)), key=lambda c: r.per_class[c])
    drawn = "" if r.set_seed is None else f"set {r.set_seed}, "
    labels = "" if r.is_hard else f", {r.regime} labels"
    begin = (
        f"{drawn}student {r.student_seed}{labels}: top-1 {percent(r.top1)}, "
        f"top-5 {percent(r.top5)}, worst class "
    )
    end = f" {percent(r.per_class[worst])}, {duration(r.seconds)}"
    return begin + fitted(repr(r.classes[worst]), WIDTH - len(begin) - len(end)) + end


def finished_line(finished: Finished, seconds_left: float | None) -> str:
    """Return one line about a finished unit of a matrix, with the time that the run still takes."""
    unit, result = finished.unit, finished.result
    begin = f"{finished.number}/{finished.total}  "
    end = f": top-1 {percent(result.top1)}, {duration(result.seconds)}" if result else ""
    end += f", {duration(seconds_left)} left" if seconds_left is not None else ""
    return begin + fitted(unit.brief, WIDTH - len(begin) - len(end)) + end


def show_evaluation(found: list[Result], results: Path) -> None:
    """Print the summary of the students of one set."""
    first = found[0]
    top1 = mean_interval([r.top1 for r in found])
    spread = f" [{100 * top1.low:.2f}, {100 * top1.high:.2f}] (95 %)" if top1.n > 1 else ""
    say(f"{first.student} on {first.method}, {first.protocol}, {first.regime} labels")
    say(f"top-1 {percent(top1.mean)}{spread}, n = {top1.n}")
    per_class = ", ".join(
        f"{name} {100 * sum(r.per_class[c] for r in found) / len(found):.1f}"
        for c, name in enumerate(first.classes[:20])
    )
    more = len(first.classes) - 20
    say(f"per class, %: {per_class}{f' and {more} more in {results}' if more > 0 else ''}")
    say(_cost(first))
    if said := caveat(first.protocol):
        say(said)
    compiled = ", compiled" if first.compiled else ""
    say(
        f"{first.precision} on {first.hardware}, {counted(first.threads, 'thread')}{compiled}; "
        f"torch {first.versions['torch']}"
    )
    if len(found) > 1:
        say(
            f"{len(found)} students on one set: the interval covers the variation of students "
            "only, not that of sets or observers."
        )
    say(f"results: {results}")


def _cost(r: Result) -> str:
    """Return the bytes of images, labels and teacher, and the teacher's top-1, as text."""
    labels = f"{r.cost.labels:,}" if r.cost.labels else "no"
    cost = f"{bytes_against(r.cost.images, r.source_bytes)}, {labels} label bytes"
    if r.teacher is None or r.teacher_top1 is None:
        return cost
    return (
        f"{cost}, {r.cost.teacher:,} teacher bytes\n"
        f"teacher {r.teacher}: top-1 {percent(r.teacher_top1)} on the held-out images"
    )
