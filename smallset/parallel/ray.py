"""Workers on a Ray cluster. No other file imports Ray, and this file only when Ray is used."""

import os
import socket
import time
from collections.abc import Generator, Sequence
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TypeAlias

from smallset.parallel.graph import Done, Graph, Task, TaskError, opened, outcome, packed

# The results of a task depend on these, so every node needs the same versions.
_PACKAGES = ("smallset", "torch", "numpy", "pillow", "simplejpeg")
_PATIENCE = 10.0  # seconds to wait for a cluster to answer; Ray itself would wait for ever
_NODES_KNOWN = 2.0  # seconds for which the list of nodes is kept
_Ref: TypeAlias = object


class Ray:
    """Runs each task on a node of a cluster that has the task's CPUs, GPUs and memory free.

    `address` is HOST:PORT or "auto". "auto" takes the cluster in RAY_ADDRESS, or one running on
    this machine, or starts one with this machine's cores that ends with the process. A task has as
    many threads as CPUs. Every node must see the driver's folder and the work and output folders
    under the same paths, and have the same versions of the packages that results depend on. A task
    fails with an error that says so if a node differs.

    Raises ValueError if Ray is not installed or no cluster answers. Leaving the `with` block
    ends the connection, unless the process was connected before.
    """

    def __init__(self, address: str = "auto") -> None:
        self._ray = _ray()
        self._own = not self._ray.is_initialized()
        self._nodes: tuple[float, list[dict[str, float]]] = (0.0, [])
        if self._own:
            _connect(self._ray, address)

    def __enter__(self) -> "Ray":
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._ray.shutdown()

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Yield the value of each task as it finishes; see `Workers`.

        Tasks are submitted only as far as the nodes have room for them. Raises ValueError for a
        task that no node has room for.
        """
        graph = Graph(tasks)
        running: dict[_Ref, Task] = {}
        waiting: Task | None = None
        failure: BaseException | None = None
        try:
            while True:
                while failure is None and (waiting := waiting or graph.take()) is not None:
                    if len(running) >= self._room(waiting, running):
                        break
                    running[self._start(waiting)] = waiting
                    waiting = None
                if not running:
                    break
                for ref in self._ray.wait(list(running))[0]:
                    done, task = None, running.pop(ref)
                    try:
                        done = self._collect(ref, task, graph)
                    except Exception as error:
                        failure = failure or error
                    if done is not None:
                        yield done
            if failure is not None:
                raise failure
        finally:
            for ref in running:
                self._ray.cancel(ref, force=True)

    def _start(self, task: Task) -> _Ref:
        remote = self._ray.remote(_work).options(
            num_cpus=task.cpus,
            num_gpus=task.gpus,
            memory=task.memory or None,
            max_retries=0,  # `Graph` counts the tries
            # By default Ray gives a task one thread, regardless of its CPUs.
            runtime_env={"env_vars": {"OMP_NUM_THREADS": str(task.cpus)}},
        )
        ref: _Ref = remote.remote(packed(task), os.getcwd(), _versions())
        return ref

    def _collect(self, ref: _Ref, task: Task, graph: Graph) -> Done | None:
        """Return a worker's result, or None if the worker died and the task is queued again.

        Raises TaskError if the task failed, or if its workers died too often.
        """
        errors = self._ray.exceptions
        lost = (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
            errors.LocalRayletDiedError,
        )
        try:
            sent = self._ray.get(ref)
        except lost as error:
            graph.lost(task, f"the last time: {type(error).__name__} on the Ray cluster")
            return None
        except errors.RayError as error:  # such as a node that cannot import smallset
            raise TaskError(
                f"{task.key}: Ray could not run it ({_last_line(error)}). Every node needs the "
                "packages of this one: install them there, and run again."
            ) from error
        done = opened(task, sent)
        graph.done(task)
        return done

    def _room(self, task: Task, running: dict[_Ref, Task]) -> int:
        """Count how many tasks like this one fit on the nodes. Raises ValueError if none fits."""
        wanted = {"CPU": float(task.cpus), "GPU": task.gpus, "memory": float(task.memory)}
        needs = {name: need for name, need in wanted.items() if need}
        if time.monotonic() - self._nodes[0] > _NODES_KNOWN:
            alive = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            self._nodes = (time.monotonic(), alive)
        room = sum(
            min(int(node.get(name, 0.0) / need + 1e-9) for name, need in needs.items())
            for node in self._nodes[1]
        )
        if not room and not running:
            most = {n: max((node.get(n, 0) for node in self._nodes[1]), default=0) for n in needs}
            raise ValueError(
                f"{task.key}: it needs {_counted(needs)}, but no node of the Ray cluster has more "
                f"than {_counted(most)}. Add such a node, or ask for less (--workers, --device)."
            )
        return room


def _ray() -> ModuleType:
    """Import Ray, an optional dependency."""
    # No telemetry, no token file in the home folder, no warning about future versions of Ray. The
    # user's own settings stay.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise ValueError(
            "a Ray cluster was asked for, but Ray is not installed here. Install it with "
            "pip install 'smallset[ray]', or leave --ray out: processes on this machine do the same"
            "."
        ) from error
    return ray


def _connect(ray: ModuleType, address: str) -> None:
    at = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    if address != "auto" or ":" in at:
        _check_answers(at)
    try:
        ray.init(
            address=None if address == "auto" else address,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"no Ray cluster could be used at {at or 'this machine'!r} ({_last_line(error)}). "
            "Give the HOST:PORT that `ray start --head` names, or auto."
        ) from error


def _check_answers(address: str) -> None:
    """Raise ValueError if nothing listens at an address, since Ray would wait for ever."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (host and colon and port.isdigit()):
        raise ValueError(
            f"the Ray address {address!r} is not HOST:PORT. Give the one that `ray start --head` "
            "names, or auto."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ValueError(
            f"no Ray cluster answers at {address!r} ({error}). Start one with `ray start --head`, "
            "or give its HOST:PORT, or auto."
        ) from error


def _work(call: bytes, folder: str, versions: dict[str, str]) -> bytes:
    """Run a call on a node, in the driver's folder and with the driver's versions."""
    return outcome(call, first=partial(_enter, folder, versions))


def _enter(folder: str, versions: dict[str, str]) -> None:
    """Change to the driver's folder. Raises ValueError if this node cannot work like the driver."""
    node = socket.gethostname()
    for name, wanted in versions.items():
        if (found := _versions()[name]) != wanted:
            raise ValueError(
                f"the node {node!r} has {name} {found}, but the driver has {wanted}, and the "
                "results depend on it. Install the same version on every node."
            )
    try:
        os.chdir(folder)
    except OSError as error:
        raise ValueError(
            f"the node {node!r} does not see the driver's folder {folder!r} ({error.strerror}). "
            "Run in a folder, with work and output folders, on storage that all nodes share."
        ) from error


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def _counted(needs: dict[str, float]) -> str:
    return ", ".join(f"{name} {number:g}" for name, number in needs.items())


def _last_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
