"""Peaks of this process's anonymous memory, without mapped files. Linux only."""

import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peak:
    """The anonymous memory of one run over `images` images: the peak of each stage in bytes."""

    source: str
    images: int
    peaks: dict[str, int]


class Watch:
    """Looks at this process's RssAnon every few milliseconds, in a thread, during its block."""

    def __enter__(self) -> "Watch":
        self._highest, self._over = anonymous(), threading.Event()
        self._watcher = threading.Thread(target=self._look, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def peak(self) -> int:
        """Return the highest value in bytes since the last call."""
        highest, self._highest = max(self._highest, anonymous()), 0
        gc.collect()
        return highest

    def _look(self) -> None:
        while not self._over.wait(0.002):
            self._highest = max(self._highest, anonymous())


def peak_of(work: Callable[[], object]) -> int:
    """Do the work. Return how far its peak of memory was above the memory before, in bytes."""
    before = anonymous()
    with Watch() as watch:
        work()
        return max(0, watch.peak() - before)


def anonymous() -> int:
    """Read this process's anonymous resident memory in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no RssAnon; needed Linux. Run this benchmark there.")
