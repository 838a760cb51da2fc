"""Workers that are this very process."""

import pickle
from collections.abc import Generator, Sequence

from smallset.parallel import Done, Graph, Task


class Serial:
    """Run one task after the other; Ctrl-C comes before the `stop`-th.

    `pickled` tasks travel as bytes, as they do to another process.
    """

    def __init__(self, stop: int = 0, *, pickled: bool = False) -> None:
        self.stop, self.begun, self.pickled = stop, 0, pickled

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        graph = Graph(tasks)
        while (task := graph.take()) is not None:
            self.begun += 1
            if self.begun == self.stop:
                raise KeyboardInterrupt
            arguments = task.arguments() if callable(task.arguments) else task.arguments
            call = task.function, arguments
            function, arguments = pickle.loads(pickle.dumps(call)) if self.pickled else call
            value = function(*arguments)
            graph.done(task)
            yield Done(task.key, value)
