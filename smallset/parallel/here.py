"""Worker processes on this machine: one task each, one thread each."""

import os
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process

from smallset.parallel.graph import Done, Graph, Task, opened, outcome, packed

_SPAWN = get_context("spawn")
_GRACE = 10.0  # seconds for an idle worker to end by itself


class Here:
    """Runs tasks in `jobs` processes side by side, each of `threads` threads.

    A process that dies takes only its task along, which is tried again on a new one, three times
    at most. Workers die with the process that started them, however that dies. What a task says of
    its CPUs and GPUs is for clusters: here `jobs` alone decides what runs side by side.
    """

    def __init__(self, jobs: int, *, threads: int = 1) -> None:
        if jobs < 1 or threads < 1:
            raise ValueError(
                f"jobs={jobs} of {threads} threads run nothing. Give at least 1 of both."
            )
        self.jobs, self.threads = jobs, threads

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Give the value of each task as it is finished; see `Workers`."""
        graph = Graph(tasks)
        slots: list[_Slot] = []
        failure: BaseException | None = None
        try:
            while True:
                while failure is None and _free(slots, self.jobs) and (task := graph.take()):
                    _slot(slots, self.threads).start(task)
                busy = [slot for slot in slots if slot.task is not None]
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
    """One worker process, the task it is at, and the pipe to it."""

    def __init__(self, threads: int) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(theirs,))
        self.task: Task | None = None
        self.dead = False
        with _inherited(threads):
            self.process.start()
        theirs.close()

    def start(self, task: Task) -> None:
        call = packed(task)
        self.task = task
        with suppress(OSError):  # where it died while it was idle, `collect` sees that
            self.pipe.send_bytes(call)

    def collect(self, graph: Graph) -> Done | None:
        """Take what the worker sent; None where it died, and its task waits again."""
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
        if self.task is None:  # an idle one ends at the end of its pipe, and clears up behind it
            self.process.join(_GRACE)
        self.process.kill()
        self.process.join()


def _free(slots: list[_Slot], jobs: int) -> bool:
    return len(slots) < jobs or any(slot.task is None for slot in slots)


def _slot(slots: list[_Slot], threads: int) -> _Slot:
    """Give an idle worker, a new one where there is none."""
    for slot in slots:
        if slot.task is None:
            return slot
    slots.append(_Slot(threads))
    return slots[-1]


def _ready(busy: list[_Slot]) -> list[_Slot]:
    """Wait until a worker sent something or died."""
    told = set(connection.wait([slot.pipe for slot in busy]))  # a dead one's pipe is at its end
    return [slot for slot in busy if slot.pipe in told]


@contextmanager
def _inherited(threads: int) -> Iterator[None]:
    """Let a process that is started in the block have so many threads, and ignore Ctrl-C.

    The OpenMP library reads its number when it is loaded, which is before any of our code runs.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    os.environ["OMP_NUM_THREADS"] = str(threads)
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
    """Work until the driver is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the driver decides
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
