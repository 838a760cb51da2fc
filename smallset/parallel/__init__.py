"""Tasks that need one another's outcome, run side by side: in processes here, or on a cluster."""

from collections.abc import Generator, Sequence
from typing import Protocol, runtime_checkable

from smallset.parallel.graph import Done, Graph, Task, TaskError
from smallset.parallel.here import Here

__all__ = ["Done", "Graph", "Here", "Task", "TaskError", "Workers"]


@runtime_checkable
class Workers(Protocol):
    """Whatever runs tasks: `Here` on this machine, or a cluster."""

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Give the value of each task as it is finished, in any order that their needs allow.

        A task whose worker dies is tried again. Once a task fails no other is started; those that
        run are finished and given, then `TaskError` names the one that failed. Closing the
        generator stops what runs.
        """
