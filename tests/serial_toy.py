"""Workers that are this very process."""

from collections.abc import Generator, Sequence

from smallset.parallel import Done, Graph, Task


class Serial:
    """Run one task after the other; Ctrl-C comes before the `stop`-th."""

    def __init__(self, stop: int = 0) -> None:
        self.stop, self.begun = stop, 0

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        graph = Graph(tasks)
        while (task := graph.take()) is not None:
            self.begun += 1
            if self.begun == self.stop:
                raise KeyboardInterrupt
            value = task.function(*task.arguments)
            graph.done(task)
            yield Done(task.key, value)
