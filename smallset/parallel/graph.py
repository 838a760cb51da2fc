"""Which task may start, and how a task and its outcome travel as bytes."""

import pickle
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush

TRIES = 4
"""The most starts of a task whose worker dies each time."""


@dataclass(frozen=True)
class Task:
    """A call for a worker: `function(*arguments)`, with a function at the top level of a module.

    Function and arguments must be picklable. `key` is the task's name, also in errors. `needs` are
    the keys of the tasks that must finish first. `cpus`, `gpus` and `memory` (in bytes; 0 for any)
    tell a cluster what to reserve. `arguments` may be a function that the driver calls when the
    task starts, so that large arguments are made late.
    """

    key: str
    function: Callable[..., object]
    arguments: tuple[object, ...] | Callable[[], tuple[object, ...]] = ()
    needs: tuple[str, ...] = ()
    cpus: int = 1
    gpus: float = 0.0
    memory: int = 0


@dataclass(frozen=True)
class Done:
    """A finished task and what its function returned."""

    key: str
    value: object


class TaskError(ValueError):
    """A task failed. The message begins with the task's key."""


class Graph:
    """The state of a run's tasks: `take` a task, then report it as `done` or `lost`.

    Raises ValueError for two tasks with one key, and for needs in a circle.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.key: task for task in tasks}
        if len(self._tasks) < len(tasks):
            twice = next(key for key, n in Counter(task.key for task in tasks).items() if n > 1)
            raise ValueError(f"two tasks are called {twice!r}. Give every task a key of its own.")
        self._sorter = TopologicalSorter({task.key: task.needs for task in tasks})
        self._sorter.prepare()
        self._places = {key: place for place, key in enumerate(self._tasks)}
        self._ready: list[tuple[int, str]] = []
        self._tries: Counter[str] = Counter()

    def take(self) -> Task | None:
        """Return the first task that may start, or None if no task may start now."""
        for key in self._sorter.get_ready():
            heappush(self._ready, (self._places[key], key))
        if not self._ready:
            return None
        _, key = heappop(self._ready)
        self._tries[key] += 1
        return self._tasks[key]

    def done(self, task: Task) -> None:
        """Record that a task is finished."""
        self._sorter.done(task.key)

    def lost(self, task: Task, why: str) -> None:
        """Let a task whose worker died start next. Raises TaskError after `TRIES` starts."""
        if self._tries[task.key] >= TRIES:
            raise TaskError(
                f"{task.key}: its process died {TRIES} times ({why}), and a process is killed when "
                "memory runs out. Free some memory or let fewer tasks run side by side, and go on."
            )
        heappush(self._ready, (-1, task.key))


# Errors that the user can fix. Any other error keeps its type and its traceback.
_EXPECTED = (ValueError, OSError, ArithmeticError, MemoryError)


def packed(task: Task) -> bytes:
    """Pickle a task's call, after making the arguments if they are a function."""
    arguments = task.arguments() if callable(task.arguments) else task.arguments
    return pickle.dumps((task.function, arguments))


def outcome(call: bytes, *, first: Callable[[], None] | None = None) -> bytes:
    """Run a pickled call and pickle (True, value) or (False, error with its traceback).

    `first` is called before the call is unpickled, and may raise.
    """
    try:
        if first is not None:
            first()
        function, arguments = pickle.loads(call)
        return pickle.dumps((True, function(*arguments)))
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))
        try:
            sent = pickle.dumps((False, error))
            pickle.loads(sent)
        except Exception:  # an error that cannot be pickled
            sent = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
        return sent


def opened(task: Task, sent: bytes) -> Done:
    """Unpickle the outcome that a worker sent for a task.

    Raises TaskError with the task's key for an error that the user can fix, and any other error of
    the task unchanged.
    """
    worked, value = pickle.loads(sent)
    if worked:
        return Done(task.key, value)
    if isinstance(value, _EXPECTED):
        raise TaskError(f"{task.key}: {value}") from value
    value.add_note(f"in the task {task.key}")
    raise value
