"""What the commands show: progress while they work, results in a few lines."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from smallset.data import Data
from smallset.evidence import mean_interval
from smallset.records import Result
from smallset.report.table import HEADER, Row, seeds_note
from smallset.store import Asked, ChosenList, Codec, CompressedDataset, renamed_folders
from smallset.train.protocol import caveat

# Results go to stdout, progress and errors to stderr; lines are not wrapped, so a log can be
# searched, and no text of the user's is taken for markup.
# `emoji` would turn a class called ":cat:" into a picture.
_out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
_LOG_EVERY_SECONDS = 10.0
_NAMED = 20
"""Of so many classes the names are printed; files have them all."""


class Stages:
    """Shows progress: bars with rate and time left on a terminal, plain lines in a log.

    Called as (stage, done, total). The seconds of each stage are summed, however many pieces it
    comes in, and printed at the end.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._started = self._last = self._logged = time.perf_counter()
        self._tasks: dict[str, TaskID] = {}
        self._pieces: dict[str, tuple[int, float]] = {}
        self._bars: Bars | None = None
        if _err.is_terminal:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=_err,
                transient=True,
                redirect_stdout=False,
            )

    def __enter__(self) -> "Stages":
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._bars is not None:
            self._bars.stop()
        if kind is None:
            for stage, seconds in self._seconds.items():
                _err.print(f"{stage:<24} {seconds:8.1f} s")
            _err.print(f"{'in all':<24} {time.perf_counter() - self._started:8.1f} s")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of progress."""
        now = time.perf_counter()
        self._seconds[stage] = self._seconds.get(stage, 0.0) + now - self._last
        # A stage that begins again, with the next student, has a rate and a time left of its own.
        before, begun = self._pieces.get(stage, (done + 1, 0.0))
        begun = self._last if done < before else begun
        self._pieces[stage] = done, begun
        self._last = now
        if self._bars is None:
            if now - self._logged >= _LOG_EVERY_SECONDS:
                self._logged = now
                _err.print(f"{stage}: {done:,} of {total:,}, {now - self._started:.0f} s so far")
            return
        rate = _rate(done / max(now - begun, 1e-9))
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(escape(stage), total=total, rate=rate)
        elif done < before:
            self._bars.reset(self._tasks[stage], total=total, rate=rate)
        self._bars.update(self._tasks[stage], completed=done, total=total, rate=rate)

    def opened(self, data: Data) -> None:
        """Print what was understood of the data."""
        for line in data_lines(data):
            self.say(line)

    def say(self, line: str) -> None:
        """Print a line of result among the progress."""
        if self._bars is None:
            _out.print(line)
            return
        self._bars.stop()
        _out.print(line)
        self._bars.start()


def say(line: str) -> None:
    """Print a line of result."""
    _out.print(line)


def complain(error: str) -> None:
    """Print an error on stderr."""
    _err.print(f"error: {error}")


def show_list(title: str, entries: Iterable[tuple[str, str]]) -> None:
    """Print names with a line each."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.show_header = False
    table.add_column(no_wrap=True)
    table.add_column()
    for name, line in entries:
        table.add_row(f"  {name}", line)
    _out.print(table)


def data_lines(data: Data) -> list[str]:
    """Say what was understood of some data: classes, splits, what was left out, and doubts."""
    names = data.train.classes.names
    skipped = (*data.train.skipped, *data.test.skipped)
    lines = [
        f"{data.name}: {len(data.train):,} training images of {_classes(len(names))} "
        f"({_first(names, 5)})",
        f"held out: {len(data.test):,} images, {data.held_out}",
        *data.notes,
    ]
    if skipped:
        lines.append(f"left out {len(skipped):,} bad file(s): {_first(skipped, 5)}")
    return [*lines, *(f"warning: {doubt}" for doubt in data.doubts())]


def show_set(made: CompressedDataset) -> None:
    """Say what a new set is."""
    m = made.manifest
    side = f"of {m.size} px"
    if Codec.parse(m.codec).is_original:
        side = f"as they are (read at {m.size} px)"
    say(
        f"wrote {made.path}: {m.images:,} images {side} in {len(m.classes)} classes, "
        f"{_bytes_against(m.image_bytes, m.source.bytes)}"
    )
    _say_unequal(m.classes, m.counts, m.asked)
    if renamed := renamed_folders(m.classes, m.folders, m.counts):
        say(renamed)
    say(f"view: {m.view}")


def show_chosen(made: ChosenList) -> None:
    """Say what a new list of chosen images is."""
    say(
        f"wrote {made.path}: the list of {len(made):,} images out of {made.of:,}, in "
        f"{len(made.classes)} classes, and no pixels"
    )
    _say_unequal(made.classes, made.counts, made.about.asked)


def result_line(r: Result) -> str:
    """One student in a line."""
    worst = min(range(len(r.classes)), key=lambda c: r.per_class[c])
    drawn = "" if r.set_seed is None else f"set {r.set_seed}, "
    labels = "" if r.labels == "hard" else f", {r.labels} labels"
    return (
        f"{drawn}student {r.student_seed}{labels}: top-1 {_percent(r.top1)}, "
        f"top-5 {_percent(r.top5)}, worst class {r.classes[worst]!r} "
        f"{_percent(r.per_class[worst])}, loss {r.loss:.4f}, "
        f"{r.steps:,} steps in {r.seconds:.1f} s, {r.images_per_second:,.0f} images/s"
    )


def show_evaluation(found: list[Result], results: Path) -> None:
    """Sum up the students of one set."""
    first = found[0]
    top1 = mean_interval([r.top1 for r in found])
    spread = f" [{100 * top1.low:.2f}, {100 * top1.high:.2f}] (95 %)" if top1.n > 1 else ""
    say(f"{first.student} on {first.method}, {first.protocol}, {first.labels} labels")
    say(f"top-1 {_percent(top1.mean)}{spread}, n = {top1.n}")
    per_class = ", ".join(
        f"{name} {100 * sum(r.per_class[c] for r in found) / len(found):.1f}"
        for c, name in enumerate(first.classes[:20])
    )
    more = len(first.classes) - 20
    say(f"per class, %: {per_class}{f' and {more} more in {results}' if more > 0 else ''}")
    say(_cost(first))
    if said := caveat(first.protocol):
        say(said)
    threads = "1 thread" if first.threads == 1 else f"{first.threads} threads"
    compiled = ", compiled" if first.compiled else ""
    say(
        f"{first.precision} on {first.hardware}, {threads}{compiled}; "
        f"torch {first.versions['torch']}"
    )
    if len(found) > 1:
        say(
            f"{len(found)} students on one set: the interval holds the student's luck only, "
            "not the draw of the set nor its observer."
        )
    say(f"results: {results}")


def show_comparison(table: list[Row]) -> None:
    """Print rows beside their baseline, which seeds varied, and what did not win."""
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in HEADER:
        shown.add_column(column, justify="left" if column == "method" else "right", no_wrap=True)
    for row in table:
        shown.add_row(*row.cells())
    _out.print(shown)
    say(f"Varied: {seeds_note(table)}.")
    for row in table:
        if row.verdict == "worse":
            say(f"{row.label} is worse than random here.")
        elif row.verdict == "unclear":
            say(f"{row.label} does not differ clearly from random here.")


def _say_unequal(classes: Sequence[str], counts: Sequence[int], asked: Asked | None) -> None:
    """Name the classes that gave fewer images than asked, or none."""
    number = dict(zip(classes, counts, strict=True))
    if asked is not None and asked.short:
        gave = [f"{name!r} {number[name]:,}" for name in asked.short]
        say(f"{_classes(len(gave))} had fewer images than asked and gave: {_first(gave)}")
    gone = [repr(name) for name, count in number.items() if count == 0]
    if gone:
        say(f"{_classes(len(gone))} of {len(classes):,} vanished: {_first(gone)}")


def _classes(number: int) -> str:
    return f"{number:,} {'class' if number == 1 else 'classes'}"


def _first(names: Sequence[str], number: int = _NAMED) -> str:
    more = len(names) - number
    return ", ".join(names[:number]) + (f" and {more:,} more" if more > 0 else "")


def _rate(per_second: float) -> str:
    """Slow things too: an epoch may take a minute."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"


def _cost(r: Result) -> str:
    """What a student needs beside the network: images, labels, and the teacher that makes them."""
    labels = f"{r.label_bytes:,}" if r.label_bytes else "no"
    cost = f"{_bytes_against(r.image_bytes, r.source_bytes)}, {labels} label bytes"
    if r.teacher is None or r.teacher_top1 is None:
        return cost
    return (
        f"{cost}, {r.teacher_bytes:,} teacher bytes\n"
        f"teacher {r.teacher}: top-1 {_percent(r.teacher_top1)} on the held-out images"
    )


def _bytes_against(image_bytes: int, source_bytes: int) -> str:
    ratio = source_bytes / image_bytes
    times = f"{ratio:,.1f}x fewer" if ratio >= 1 else f"{1 / ratio:,.1f}x more"
    return f"{image_bytes:,} bytes, {times} than the source's {source_bytes:,}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"
