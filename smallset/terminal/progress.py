"""Progress: bars on a terminal, plain lines in a log, with the same words."""

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

from smallset.data import Data
from smallset.started import STARTED
from smallset.terminal import WIDTH, console, duration, fitted, note, say
from smallset.terminal.sets import data_lines

_BAR = 12
_LOG_EVERY_SECONDS = 10.0


class Stages:
    """Shows progress: bars on a terminal, or plain lines with the same words in a log.

    Called as (stage, done, total), see `records.Progress`. At the end, prints the seconds of each
    stage (the sum, if a stage runs several times) and the seconds since the process started.
    """

    def __init__(self, started: float = STARTED) -> None:
        self._started = started
        self._last = self._logged = time.perf_counter()
        self._paces: dict[str, _Pace] = {}
        self._tasks: dict[str, TaskID] = {}
        self._shown = ""
        self._bars = _new_bars() if sys.stderr is not None and sys.stderr.isatty() else None

    def __enter__(self) -> "Stages":
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._bars is not None:
            self._bars.stop()
        if kind is None:
            for stage, pace in self._paces.items():
                note(f"{stage:<24} {pace.seconds:8.1f} s")
            note(f"{'in all':<24} {time.perf_counter() - self._started:8.1f} s")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Record progress, and show it."""
        now = time.perf_counter()
        name, _, place = stage.partition(", ")
        pace = self._paces.setdefault(name, _Pace())
        pace.take(done, total, place, now - self._last)
        self._last = now
        if self._bars is not None:
            self._show(self._bars, name)
        elif now - self._logged >= _LOG_EVERY_SECONDS and pace.rate:
            self._logged = now
            note(self._words(name))

    def opened(self, data: Data) -> None:
        """Print what smallset found in the data."""
        for line in data_lines(data):
            self.say(line)

    def say(self, line: str) -> None:
        """Print a line of the result on stdout while progress is shown."""
        if self._bars is not None:
            self._bars.stop()
        say(line)
        if self._bars is not None:
            self._bars.start()

    def _show(self, bars: "Bars", name: str) -> None:
        """Update the bar of a stage. Only the newest line shows the time left."""
        if self._shown != name and self._shown in self._tasks:
            bars.update(self._tasks[self._shown], description=self._words(self._shown, left=False))
        self._shown = name
        if name not in self._tasks:
            self._tasks[name] = bars.add_task("", total=None)
        pace, words = self._paces[name], self._words(name)
        task = self._tasks[name]
        bars.update(task, completed=pace.done, total=pace.total, description=words)

    def _words(self, name: str, *, left: bool = True) -> str:
        """Return how far a stage is, its rate, and how long all stages still take."""
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


def _new_bars() -> "Bars":
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        BarColumn(bar_width=_BAR),
        TextColumn("{task.description}", markup=False),
        console=console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )


@dataclass
class _Pace:
    """The progress of a stage, its rate and its time left.

    The rate counts only the work between two reports of the same place. The first report of a place
    is ignored: it may contain the work of a killed run, or the minutes of a compiler.
    """

    done: int = 0
    total: int = 0
    place: str = ""
    seconds: float = 0.0
    counted: int = 0
    counted_seconds: float = 0.0

    def take(self, done: int, total: int, place: str, seconds: float) -> None:
        """Record a report. `seconds` is the time since the previous report of any stage."""
        self.seconds += seconds
        if total != self.total or done < self.done:  # new work under the same name
            self.counted, self.counted_seconds = 0, 0.0
        elif place == self.place:
            self.counted += done - self.done
            self.counted_seconds += seconds
        self.done, self.total, self.place = done, total, place

    @property
    def rate(self) -> float:
        """Items per second, or 0 while unknown."""
        return self.counted / max(self.counted_seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        """Seconds left at this rate, or 0 while unknown."""
        return (self.total - self.done) / self.rate if self.rate else 0.0


def _rate(per_second: float) -> str:
    """Format a rate. Rates below 1 get two digits too: an epoch may take a minute."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"
