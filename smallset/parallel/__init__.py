"""Run tasks that depend on one another side by side: in processes here, or on a cluster."""

from collections.abc import Generator, Sequence
from typing import Protocol, runtime_checkable

from smallset.parallel.graph import Done, Graph, Task, TaskError
from smallset.parallel.here import Here

__all__ = ["Done", "Graph", "Here", "Task", "TaskError", "Workers"]


@runtime_checkable
class Workers(Protocol):
    """Anything that runs tasks: `Here` on this machine, or `Ray` on a cluster."""

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Yield the value of each task as it finishes, in any order that the tasks' needs allow.

        A task whose worker dies is tried again. After a task fails, no other task starts. The
        running tasks finish and are yielded, then `TaskError` names the failed task. Closing the
        generator stops the running tasks.
        """
