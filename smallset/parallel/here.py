"""Worker processes on this machine, each running one task at a time."""

import os
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process

from smallset.parallel.graph import Done, Graph, Task, opened, outcome, packed

_SPAWN = get_context("spawn")
_GRACE = 10.0  # seconds that an idle worker has to end by itself


class Here:
    """Runs tasks in `jobs` processes side by side, each with one thread.

    If a process dies, only its task is affected: the task is tried again in a new process, three
    times at most. Workers die with the process that started them, however that process dies. The
    `cpus` and `gpus` of a task are for clusters; here `jobs` alone limits what runs side by side.
    Raises ValueError if `jobs` is below 1.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"jobs={jobs} run nothing. Give at least 1.")
        self.jobs = jobs

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Yield the value of each task as it finishes; see `Workers`."""
        graph = Graph(tasks)
        slots: list[_Slot] = []
        failure: BaseException | None = None
        try:
            while True:
                busy = [slot for slot in slots if slot.task is not None]
                if failure is None and len(busy) < self.jobs and (task := graph.take()):
                    _slot(slots).start(task)
                    continue
                if not busy:
                    break
                for slot in _ready(busy):
                    done = None
                    try:
                        done = slot.collect(graph)
                    except Exception as error:
                        failure = failure or error
                    if slot.dead:
                        slots.remove(slot)
                    if done is not None:
                        yield done
            if failure is not None:
                raise failure
        finally:
            for slot in slots:
                slot.stop()


class _Slot:
    """One worker process, its current task, and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(theirs,))
        self.task: Task | None = None
        self.dead = False
        with _inherited():
            self.process.start()
        theirs.close()

    def start(self, task: Task) -> None:
        call = packed(task)
        self.task = task
        with suppress(OSError):  # `collect` notices a worker that died while idle
            self.pipe.send_bytes(call)

    def collect(self, graph: Graph) -> Done | None:
        """Return the worker's result. Return None, and requeue the task, if the worker died."""
        task, self.task = self.task, None
        assert task is not None
        try:
            sent = self.pipe.recv_bytes()
        except (EOFError, OSError):
            self.dead = True
            self.stop()
            graph.lost(task, f"the last time with exit code {self.process.exitcode}")
            return None
        done = opened(task, sent)
        graph.done(task)
        return done

    def stop(self) -> None:
        self.pipe.close()
        if self.task is None:  # an idle worker ends and cleans up when its pipe closes
            self.process.join(_GRACE)
        self.process.kill()
        self.process.join()


def _slot(slots: list[_Slot]) -> _Slot:
    """Return an idle worker, or a new one if all are busy."""
    for slot in slots:
        if slot.task is None:
            return slot
    slots.append(_Slot())
    return slots[-1]


def _ready(busy: list[_Slot]) -> list[_Slot]:
    """Wait until a worker sends something or dies, and return the workers that did."""
    told = set(connection.wait([slot.pipe for slot in busy]))  # a dead worker's pipe has ended
    return [slot for slot in busy if slot.pipe in told]


@contextmanager
def _inherited() -> Iterator[None]:
    """Let processes started in the block use one thread and ignore Ctrl-C.

    OpenMP reads its number of threads when it is loaded, which is before any of our code runs.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
        if main:
            signal.signal(signal.SIGINT, handler)


def _serve(pipe: connection.Connection) -> None:
    """Run calls until the driver closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the driver decides
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            call = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(outcome(call))


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
