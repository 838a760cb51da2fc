"""Tasks for workers: they live in a module of their own, so that a new process can import them."""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def slow_double(number: int, begun: Path) -> int:
    """Double a number a second after the other task has begun."""
    _wait(begun)
    time.sleep(1)
    return 2 * number


def note(path: Path, word: str) -> None:
    """Write a word at the end of a file; a short write is whole."""
    with path.open("a") as file:
        file.write(word + "\n")


def meet(folder: Path, own: str, other: str) -> str:
    """Wait until the other task runs too, which it must at the same time."""
    (folder / own).touch()
    _wait(folder / other)
    return own


def die(path: Path, times: int) -> int:
    """Die as by kill -9 the first so many times, then give the number of this try."""
    note(path, "tried")
    tries = len(path.read_text().split())
    if tries <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return tries


def refuse(begun: Path | None = None) -> None:
    if begun is not None:
        begun.touch()
    raise ValueError("no room for it. Use less.")


def diverge(begun: Path) -> None:
    begun.touch()
    raise FloatingPointError("the loss became nan")


def blunder() -> None:
    raise TypeError("a mistake in the code")


def own_error() -> None:
    class Odd(Exception):
        pass

    raise Odd("of a class that no other process knows")


def threads() -> tuple[str, int]:
    import torch  # takes seconds, which only this task should pay

    return os.environ["OMP_NUM_THREADS"], torch.get_num_threads()


def sleep_and_note(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(600)


def die_at_work(pid: Path, function: Callable[..., object], *arguments: object) -> object:
    """Make a call, in the middle of which kill -9 comes the first time."""
    if not pid.exists():
        pid.write_text(str(os.getpid()))
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()
        function(*arguments)
        time.sleep(600)
    return function(*arguments)


def whereabouts() -> tuple[str, int]:
    return os.getcwd(), os.getpid()


def clear_up(path: Path) -> None:
    """Leave something behind that only an orderly end takes away."""
    path.touch()
    atexit.register(path.unlink)


def _wait(path: Path) -> None:
    """Wait half a minute for another task to make its mark."""
    for _ in range(3000):
        if path.exists():
            return
        time.sleep(0.01)
    raise ValueError("the other never came")
