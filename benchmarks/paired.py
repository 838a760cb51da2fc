"""What all benchmarks share: their options, the alternating timer, and the measured rows.

Two ways of doing the same work take turns (A B, B A, A B, ...) in one process, so that other jobs
slow both alike. Each round gives one ratio, and the result is the median of the ratios. On a
machine shared with other jobs, `--clock cpu` counts the CPU seconds of this process instead of the
wall time.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from peak import Peak

from smallset.train.device import hardware, machine

Work = Callable[[], int]
"""A function that does a fixed amount of work, and returns the number of images it went through."""

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True)
class Pair:
    """Two ways compared: the median images/s of each, and their ratio.

    `ratio` is the median of ours / peer over the rounds, beside the lowest and the highest.
    """

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


def pair_of(case: str, mine: list[float], theirs: list[float]) -> Pair:
    """Return the comparison of two ways. Each list has the images/s of every round."""
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    ours, peer, ratio = map(statistics.median, (mine, theirs, ratios))
    return Pair(case, ours, peer, ratio, min(ratios), max(ratios), len(ratios))


def parser(documentation: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """Return a parser of the options that every benchmark has. `rounds` is a default."""
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
        help="cpu: CPU seconds of this process (no waiting for other jobs or for the disk)",
    )
    made.add_argument("--only", default="", help="run the cases whose name contains this text")
    made.add_argument("--json", type=Path, help="a file; one JSON line with all numbers is added")
    return made


class Session:
    """The options of one benchmark, its machine, and the rows that it has measured."""

    def __init__(self, made: argparse.ArgumentParser) -> None:
        """Fix threads, device and precision, and print what the numbers are measured on."""
        self.benchmark, self.options = Path(made.prog).stem, made.parse_args()
        threads = max(1, self.options.threads)
        self.desk = machine(
            device=self.options.device, precision=self.options.precision, workers=threads
        )
        self.clock = CLOCKS[self.options.clock]
        self.rows: list[Pair | Peak] = []
        print(
            f"{hardware(self.desk.kind)}; torch {torch.__version__}, {self.desk.precision}, "
            f"{threads} thread{'s' if threads > 1 else ''}, {self.options.clock} clock",
            flush=True,
        )

    def wants(self, case: str) -> bool:
        """Return whether `--only` lets a case through."""
        return self.options.only in case

    def compare(self, case: str, ours: Work, peer: Work, *, seconds: float = 0.0) -> Pair | None:
        """Time both ways in turn, and print and return the pair.

        Each way is first called without being timed. Short work is repeated so that one timed call
        takes about `seconds` (0: never repeated). Return None if `--only` leaves the case out.
        """
        if not self.wants(case):
            return None
        works = [self._enough(work, seconds) for work in (ours, peer)]
        rates: list[list[float]] = [[], []]
        for turn in range(self.options.rounds):
            for way in (1, 0) if turn % 2 else (0, 1):
                rates[way].append(self.rate(works[way]))
        pair = pair_of(case, *rates)
        print(pair.line(), flush=True)
        self.rows.append(pair)
        return pair

    def rate(self, work: Work) -> float:
        """Do the work. Return its images per second."""
        started = self._now()
        images = work()
        return images / (self._now() - started)

    def write(self) -> None:
        """Append the rows as one JSON line, if a file was named."""
        if self.options.json is None:
            return
        line = {
            "benchmark": self.benchmark,
            "hardware": hardware(self.desk.kind),
            "torch": torch.__version__,
            "precision": self.desk.precision,
            "threads": self.desk.threads,
            "clock": self.options.clock,
            "rows": [asdict(row) for row in self.rows],
        }
        with self.options.json.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _enough(self, work: Work, seconds: float) -> Work:
        work()
        if not seconds:
            return work
        images = work()
        times = max(1, round(seconds * self.rate(work) / images))
        return lambda: sum(work() for _ in range(times))

    def _now(self) -> float:
        """Read the clock after all work is finished, also that of a GPU."""
        if self.desk.device.startswith("cuda"):
            torch.cuda.synchronize()
        return self.clock()
