"""Which task may start: those whose needs are done, in the order given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

TRIES = 4
"""How often a task is started at most, where its worker dies."""


@dataclass(frozen=True)
class Task:
    """A call for a worker: `function(*arguments)`, both picklable, the function a module's own.

    `key` is its name, also in errors; `needs` are the keys of tasks to be done before. `cpus`,
    `gpus` and `memory` in bytes (0: not said) tell a cluster what to keep free for it. Arguments
    that weigh much may be a function of the driver's that makes them when the task is started.
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
    """A task failed; the message begins with the task's key."""


class Graph:
    """Keeps account of the tasks of a run: `take` one, then say `done` or `lost`."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        known = {task.key for task in tasks}
        if len(known) < len(tasks):
            twice = next(t.key for i, t in enumerate(tasks) if t.key in {u.key for u in tasks[:i]})
            raise ValueError(f"two tasks are called {twice!r}. Give every task a key of its own.")
        for task in tasks:
            for need in task.needs:
                if need not in known:
                    raise ValueError(
                        f"the task {task.key!r} needs {need!r}, which is not among the tasks. "
                        "Add it, or leave the need out."
                    )
        self._waiting = {task.key: task for task in tasks}
        self._done: set[str] = set()
        self._tries: dict[str, int] = {}

    def take(self) -> Task | None:
        """Take the first task that may start; None where all left wait for a running one."""
        for task in self._waiting.values():
            if self._done.issuperset(task.needs):
                self._tries[task.key] = self._tries.get(task.key, 0) + 1
                return self._waiting.pop(task.key)
        return None

    def done(self, task: Task) -> None:
        """Note that a task is finished."""
        self._done.add(task.key)

    def lost(self, task: Task, why: str) -> None:
        """Put a task back whose worker died; raise TaskError where that happened too often."""
        if self._tries[task.key] >= TRIES:
            raise TaskError(
                f"{task.key}: its process died {TRIES} times ({why}), and a process is killed when "
                "memory runs out. Free some memory or let fewer tasks run side by side, and go on."
            )
        self._waiting = {task.key: task, **self._waiting}

    def check_finished(self) -> None:
        """Raise ValueError where tasks are left that need each other in a circle."""
        if self._waiting:
            raise ValueError(
                f"{len(self._waiting)} tasks need one another in a circle, among them "
                f"{next(iter(self._waiting))!r}. Take one of the needs away."
            )
