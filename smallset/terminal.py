"""What the commands show: progress while they work, results in a few lines."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table as RichTable

from smallset.bench.run import Finished
from smallset.data import Data
from smallset.evidence import mean_interval
from smallset.exchange.chosen_list import ChosenList
from smallset.records import Result
from smallset.report.leaderboard import comparison
from smallset.report.rows import Row, seeds_note
from smallset.report.table import Table
from smallset.started import STARTED
from smallset.store import Asked, Codec, CompressedDataset, renamed_folders
from smallset.train.protocol import caveat

# Results go to stdout, progress and errors to stderr. Lines are not wrapped, so a log can be
# searched. No text of the user's is taken for markup, nor ":cat:" for an emoji.
_out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
WIDTH = 99
"""Lines of progress have so many columns at most."""
_BAR = 12
_LOG_EVERY_SECONDS = 10.0
_HARDLY = 0.4
"""An observer that came less far from guessing (0) to being always right (1) has hardly learned."""
_NAMED = 20
"""Of so many classes the names are printed; files have them all."""


class Stages:
    """Shows progress: bars on a terminal, plain lines in a log, with the same words.

    Called as (stage, done, total); see `records.Progress`. The seconds of each stage are summed,
    however many pieces it comes in, and printed at the end with those since the process started.
    """

    def __init__(self, started: float = STARTED) -> None:
        self._started = started
        self._last = self._logged = time.perf_counter()
        self._paces: dict[str, _Pace] = {}
        self._tasks: dict[str, TaskID] = {}
        self._shown = ""
        self._bars: Bars | None = None
        if _err.is_terminal:
            self._bars = Bars(
                BarColumn(bar_width=_BAR),
                TextColumn("{task.description}", markup=False),
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
            for stage, pace in self._paces.items():
                _err.print(f"{stage:<24} {pace.seconds:8.1f} s")
            _err.print(f"{'in all':<24} {time.perf_counter() - self._started:8.1f} s")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of progress."""
        now = time.perf_counter()
        name, _, place = stage.partition(", ")
        pace = self._paces.setdefault(name, _Pace())
        pace.take(done, total, place, now - self._last)
        self._last = now
        if self._bars is not None:
            self._show(self._bars, name)
        elif now - self._logged >= _LOG_EVERY_SECONDS and pace.rate:
            self._logged = now
            _err.print(self._words(name))

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

    def _show(self, bars: Bars, name: str) -> None:
        """Bring the bar of a stage up to date; the time left stands in the newest line alone."""
        if self._shown != name and self._shown in self._tasks:
            bars.update(self._tasks[self._shown], description=self._words(self._shown, left=False))
        self._shown = name
        if name not in self._tasks:
            self._tasks[name] = bars.add_task("", total=None)
        pace, words = self._paces[name], self._words(name)
        task = self._tasks[name]
        bars.update(task, completed=pace.done, total=pace.total, description=words)

    def _words(self, name: str, *, left: bool = True) -> str:
        """Say how far a stage is, how fast it goes, and how long all stages still take."""
        pace = self._paces[name]
        words = f": {pace.done:,} of {pace.total:,}"
        words += f" ({pace.place})" if pace.place else ""
        if pace.rate:
            words += f", {_rate(pace.rate)}"
        if pace.rate and left:
            seconds = sum(pace.seconds_left for pace in self._paces.values())
            words += f", {duration(seconds)} left"
        room = WIDTH - _BAR - 2 if self._bars is not None else WIDTH
        return fitted(name, room - len(words)) + words


@dataclass
class _Pace:
    """How far a stage is and how fast it goes: the rate and the time left come from here alone.

    Counted as speed is what is done from one report to the next of the same place. So the first
    report of a place counts for nothing: what a killed run had done came without seconds, and a
    compiler's minutes brought no images.
    """

    done: int = 0
    total: int = 0
    place: str = ""
    seconds: float = 0.0
    counted: int = 0
    counted_seconds: float = 0.0

    def take(self, done: int, total: int, place: str, seconds: float) -> None:
        """Take note of a report, so many seconds after the one before it of any stage."""
        self.seconds += seconds
        if total != self.total or done < self.done:  # other work under the same name
            self.counted, self.counted_seconds = 0, 0.0
        elif place == self.place:
            self.counted += done - self.done
            self.counted_seconds += seconds
        self.done, self.total, self.place = done, total, place

    @property
    def rate(self) -> float:
        """How many are done in a second; 0 while nobody knows."""
        return self.counted / max(self.counted_seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        """The seconds of what is left at this rate; 0 while nobody knows."""
        return (self.total - self.done) / self.rate if self.rate else 0.0


def say(line: str) -> None:
    """Print a line of result."""
    _out.print(line)


def complain(error: str) -> None:
    """Print an error on stderr."""
    _err.print(f"error: {error}")


def show_list(title: str, entries: Iterable[tuple[str, str]]) -> None:
    """Print names with a line each."""
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None)
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


def observer_lines(made_with: Mapping[str, str]) -> list[str]:
    """Say which network looked, what it had learned and which epochs were read; nothing for none.

    `made_with` is that of a manifest, or of a column of scores.
    """
    if "observer_right" not in made_with:
        return []
    right = float(made_with["observer_right"])
    lines = [
        f"observer: {made_with['observer']}",
        f"observer's top-1 on its clean training images: {_percent(right)}",
    ]
    read = [int(epoch) for epoch in made_with.get("epochs_read", "").split()]
    if read:
        trained, last = int(made_with["observer_epochs"]), max(read)
        run = read == list(range(read[0], last + 1))
        which = f"{read[0]} to {last}" if run and len(read) > 2 else ", ".join(map(str, read))
        lines.append(f"epochs read: {which} of {trained}")
        if last < trained:
            lines.append(
                f"note: the score does not read the epochs after {last}, which were trained all "
                f"the same. observer=observer(epochs={last}) trains less, on another schedule"
            )
    if float(made_with["observer_learned"]) < _HARDLY:
        lines.append(
            "warning: the observer has hardly learned, so its scores may mean little. Train "
            "longer: observer=observer(epochs=N)"
        )
    return lines


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
    for line in observer_lines(m.made_with):
        say(line)
    say(f"view: {m.view}")


def show_chosen(made: ChosenList) -> None:
    """Say what a new list of chosen images is."""
    say(
        f"wrote {made.path}: the list of {len(made):,} images out of {made.of:,}, in "
        f"{len(made.classes)} classes, and no pixels"
    )
    _say_unequal(made.classes, made.counts, made.about.asked)
    for line in observer_lines(made.about.made_with):
        say(line)


def result_line(r: Result) -> str:
    """One student in a line."""
    worst = min(range(len(r.classes)), key=lambda c: r.per_class[c])
    drawn = "" if r.set_seed is None else f"set {r.set_seed}, "
    labels = "" if r.regime == "hard" else f", {r.regime} labels"
    begin = (
        f"{drawn}student {r.student_seed}{labels}: top-1 {_percent(r.top1)}, "
        f"top-5 {_percent(r.top5)}, worst class "
    )
    end = f" {_percent(r.per_class[worst])}, {duration(r.seconds)}"
    return begin + fitted(repr(r.classes[worst]), WIDTH - len(begin) - len(end)) + end


def finished_line(finished: Finished, seconds_left: float | None) -> str:
    """One unit of a matrix in a line: which, its accuracy, its seconds, and how long all take."""
    unit, result = finished.unit, finished.result
    begin = f"{finished.number}/{finished.total}  "
    end = f": top-1 {_percent(result.top1)}, {duration(result.seconds)}" if result else ""
    end += f", {duration(seconds_left)} left" if seconds_left is not None else ""
    return begin + fitted(unit.brief, WIDTH - len(begin) - len(end)) + end


def show_evaluation(found: list[Result], results: Path) -> None:
    """Sum up the students of one set."""
    first = found[0]
    top1 = mean_interval([r.top1 for r in found])
    spread = f" [{100 * top1.low:.2f}, {100 * top1.high:.2f}] (95 %)" if top1.n > 1 else ""
    say(f"{first.student} on {first.method}, {first.protocol}, {first.regime} labels")
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


def show_table(table: Table) -> None:
    """Print a table, its first column on the left."""
    shown = RichTable(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number, name in enumerate(table.header):
        shown.add_column(name, justify="right" if number else "left", no_wrap=True)
    for cells in table.cells:
        shown.add_row(*cells)
    _out.print(shown)


def show_comparison(table: list[Row]) -> None:
    """Print rows beside their baseline, which seeds varied, and what did not win."""
    show_table(comparison(table))
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


def duration(seconds: float) -> str:
    """Say how long something takes, in the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def fitted(text: str, columns: int) -> str:
    """Shorten a text to so many columns; the longest of its parts lose their middles first.

    Parts are what commas part.
    """
    for parts in (text.split(", "), [text]):
        for most in range(max(map(len, parts)), 2, -1):
            line = ", ".join(_shortened(part, most) for part in parts)
            if cell_len(line) <= columns:
                return line
    return "…"


def _shortened(word: str, most: int) -> str:
    if len(word) <= most:
        return word
    tail = (most - 1) // 2
    return f"{word[: most - 1 - tail]}…{word[len(word) - tail :]}"


def _rate(per_second: float) -> str:
    """Slow things too: an epoch may take a minute."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"


def _cost(r: Result) -> str:
    """What a student needs beside the network: images, labels, and the teacher that makes them."""
    labels = f"{r.cost.labels:,}" if r.cost.labels else "no"
    cost = f"{_bytes_against(r.cost.images, r.source_bytes)}, {labels} label bytes"
    if r.teacher is None or r.teacher_top1 is None:
        return cost
    return (
        f"{cost}, {r.cost.teacher:,} teacher bytes\n"
        f"teacher {r.teacher}: top-1 {_percent(r.teacher_top1)} on the held-out images"
    )


def _bytes_against(image_bytes: int, source_bytes: int) -> str:
    ratio = source_bytes / image_bytes
    times = f"{ratio:,.1f}x fewer" if ratio >= 1 else f"{1 / ratio:,.1f}x more"
    return f"{image_bytes:,} bytes, {times} than the source's {source_bytes:,}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"
