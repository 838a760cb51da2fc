"""The command line in this process, tiny data for it, and training that takes no time."""

import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smallset.cli import main
from smallset.data import Data, from_arrays
from smallset.train import protocol

QUICK = "pca(score=el2n(epochs=1, observer=observer(epochs=1)))"
RESULT = re.compile(r"^(wrote |student |finished)", re.MULTILINE)
TINY = {"ape": 8, "bee": 8, "cow": 8}


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class Shell:
    """Runs commands in an empty folder, with a work folder and a home for outputs of its own."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]):
        self.root, self.outs, self.work = root / "here", root / "outs", root / "cache"
        self._patch, self._capture = patch, capture
        for folder in (self.root, self.outs):
            folder.mkdir()
        patch.chdir(self.root)
        patch.setattr("platformdirs.user_cache_path", lambda _: self.work)
        short = replace(protocol.SMALL_V1, epochs=2)
        patch.setattr(protocol, "SMALL_V1", short)
        patch.setitem(protocol.PROTOCOLS, short.name, short)

    def __call__(self, *words: object) -> Ran:
        self._patch.setattr(sys, "argv", ["smallset", *map(str, words)])
        self._capture.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = self._capture.readouterr()
        return Ran(code, said.out, said.err)

    def compress(self, data: object, out: object, *options: object) -> Ran:
        return self("compress", data, out, "--ipc", 1, *options)

    def evaluate(self, made: object, data: object, *options: object) -> Ran:
        return self("evaluate", made, "--data", data, "--student", "resnet8", *options)

    def observers(self) -> list[str]:
        folder = self.work / "observers"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def refused(ran: Ran, *said: str) -> None:
    """Check that a command failed with one clear line that says each of `said`.

    Lines about the data may come before the error, but no result.
    """
    assert ran.code == 1, ran
    assert ran.err.startswith("Error: ")
    assert ran.err.count("\n") == 1, ran.err
    assert "Traceback" not in ran.err
    assert not RESULT.search(ran.out), ran.out
    for text in said:
        assert text in ran.err


def results(out: str) -> str:
    """What a command printed after its lines about the data."""
    found = RESULT.search(out)
    return out[found.start() :] if found else ""


def picture(seed: int, size: int = 8) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    return Image.fromarray(pixels)


def tree(
    root: Path, classes: Mapping[str, int] = TINY, *, test: Mapping[str, int] | None = None
) -> Path:
    """Write train/<class>/*.png and, unless empty, test/<class>/*.png of 8 x 8 noise."""
    splits = {"train": classes, "test": dict.fromkeys(classes, 2) if test is None else test}
    for split, counts in splits.items():
        for number, (name, count) in enumerate(counts.items()):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                picture(1000 * number + i + (500 if split == "test" else 0)).save(
                    folder / f"{i:02d}.png"
                )
    return root


def hear_interrupts() -> None:
    """A shell's background job, such as these tests may be, starts processes deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def in_memory(labels: np.ndarray = np.arange(30) % 3, names: Sequence[str] = tuple(TINY)) -> Data:
    """Return images of 8 x 8 noise with these labels, and twelve that are held out."""
    rng = np.random.default_rng(0)
    images, test = (rng.integers(0, 256, (n, 8, 8, 3), np.uint8) for n in (len(labels), 12))
    return from_arrays(images, labels, names, test=(test, np.arange(12) % 3), name="toy")


def contents(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))
