"""The alternating timer of all benchmarks, and the options that they share.

Two ways of doing the same work take turns (A B, B A, A B, ...) in one process, so whatever else the
machine does slows both alike; each round gives one ratio, and their median counts. On a machine
that other jobs share, `--clock cpu` counts this process's own seconds instead of the wall's.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from smallset.train.device import Machine, hardware, machine

Work = Callable[[], int]
"""Does a fixed amount of work and gives how many images it went through."""

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True)
class Timer:
    """Seconds by a clock, of work that is finished (a GPU's too) when the clock is read."""

    device: str
    clock: str
    rounds: int

    def rate(self, work: Work) -> float:
        """Do the work; give images a second."""
        started = self._now()
        images = work()
        return images / (self._now() - started)

    def _now(self) -> float:
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()
        return CLOCKS[self.clock]()


@dataclass(frozen=True)
class Pair:
    """Images/s of two ways (medians), and ours / peer by round: median, lowest, highest."""

    case: str
    ours: float
    peer: float
    ratio: float
    lowest: float
    highest: float
    rounds: int

    def line(self) -> str:
        """Return one aligned line for a log."""
        return (
            f"{self.case:<44} {self.ours:>10,.0f} {self.peer:>10,.0f} images/s   "
            f"ratio {self.ratio:6.3f}  ({self.lowest:.3f} to {self.highest:.3f}, "
            f"{self.rounds} rounds)"
        )


@dataclass(frozen=True)
class Peak:
    """Anonymous memory of one run over `images` images: largest RssAnon by stage, in bytes."""

    source: str
    images: int
    peaks: dict[str, int]


def compare(case: str, ours: Work, peer: Work, timer: Timer) -> Pair:
    """Time both in turn for the timer's rounds, after one unmeasured call of each."""
    ours()
    peer()
    mine, theirs = [], []
    for turn in range(timer.rounds):
        if turn % 2:
            theirs.append(timer.rate(peer))
            mine.append(timer.rate(ours))
        else:
            mine.append(timer.rate(ours))
            theirs.append(timer.rate(peer))
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    return Pair(
        case,
        statistics.median(mine),
        statistics.median(theirs),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        timer.rounds,
    )


def enough(work: Work, *, seconds: float, timer: Timer) -> Work:
    """Repeat short work so that one call takes about `seconds`: timers and the cache settle."""
    work()
    images = work()
    times = max(1, round(seconds * timer.rate(work) / images))
    return lambda: sum(work() for _ in range(times))


def parser(documentation: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    made = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--threads", type=int, default=1, help="torch's threads (default 1)")
    made.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    made.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    made.add_argument("--precision", default="auto", help="auto, float32 or bfloat16")
    made.add_argument(
        "--clock",
        choices=tuple(CLOCKS),
        default="wall",
        help="cpu: this process's own seconds (no waiting for other jobs, nor for the disk)",
    )
    made.add_argument("--only", default="", help="cases whose name contains this text")
    made.add_argument("--json", type=Path, help="append one JSON line with every number here")
    return made


def settle(options: argparse.Namespace) -> Machine:
    """Fix threads, device and precision, and print what the numbers below were measured on."""
    desk = machine(
        device=options.device, precision=options.precision, workers=max(1, options.threads)
    )
    print(f"{where(desk)}, {options.clock} clock", flush=True)
    return desk


def timer_for(options: argparse.Namespace, desk: Machine) -> Timer:
    """Return the timer that the options ask for."""
    return Timer(desk.device, options.clock, options.rounds)


def where(desk: Machine) -> str:
    """Name hardware, torch, precision and threads in one line."""
    return (
        f"{hardware(desk.kind)}; torch {torch.__version__}, {desk.precision}, "
        f"{desk.threads} thread{'s' if desk.threads > 1 else ''}"
    )


def write(
    options: argparse.Namespace, benchmark: str, desk: Machine, rows: Sequence[Pair | Peak]
) -> None:
    """Append the rows (dataclasses of numbers) as one JSON line, if a file was named."""
    if options.json is None:
        return
    line = {
        "benchmark": benchmark,
        "hardware": hardware(desk.kind),
        "torch": torch.__version__,
        "precision": desk.precision,
        "threads": desk.threads,
        "clock": options.clock,
        "rows": [asdict(row) for row in rows],
    }
    with options.json.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
