"""Training with several processes, started by torchrun: which is first, and which wait.

All processes run the same verb on the same data and need the same work folder. Only the first one
writes, tests and prints. Without torchrun there is one process, and these functions do nothing.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from smallset.lazy import dist, torch

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

T = TypeVar("T")

_ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
# The others may wait long while the first decodes a large dataset or tests. If a process dies,
# torchrun stops all of them.
_PATIENCE = timedelta(days=7)


def launched() -> int:
    """Count the processes that torchrun started; 1 without it."""
    if any(name not in os.environ for name in _ENVIRONMENT):
        return 1
    return int(os.environ["WORLD_SIZE"])


def count() -> int:
    """Count the processes that joined; 1 outside `joined`."""
    return dist.get_world_size() if _joined() else 1


def rank() -> int:
    """Return this process's number among those that joined, from 0."""
    return dist.get_rank() if _joined() else 0


def is_first() -> bool:
    """Whether this is the process that writes, tests and prints."""
    return rank() == 0


@dataclass(frozen=True)
class Crew:
    """The processes of a run, as yielded by `joined`."""

    store: "Store"

    def claims_failure(self) -> bool:
        """Whether this process failed first. The others fail only because it is gone."""
        try:
            return bool(self.store.add("failures", 1) == 1)
        except RuntimeError:  # the process that held the store is gone
            return False


@contextmanager
def joined() -> Iterator[Crew]:
    """Join the processes that torchrun started, for the duration of the block.

    The verbs of `pipeline` then train with all of them. After an error, the group stays until this
    process ends, so that the other processes fail only after its message is printed.
    """
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    store, own, world = next(rendezvous("env://"))
    gpus = torch.cuda.is_available() and dist.is_nccl_available()
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if gpus else "gloo",
        store=PrefixStore("group", store),
        rank=own,
        world_size=world,
        timeout=_PATIENCE,
    )
    yield Crew(store)
    wait()
    dist.destroy_process_group()


def wait() -> None:
    """Wait until all processes reach this call."""
    if _joined():
        dist.all_reduce(torch.zeros(1))  # on the CPU: `barrier` would ask for a GPU each


def first_alone(work: Callable[[], T]) -> T:
    """Let only the first process do the work, and return its value in all processes."""
    if not _joined():
        return work()
    box = [work() if is_first() else None]
    dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    return box[0]  # type: ignore[return-value]


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the first process run the block before the others, which then find what it wrote."""
    if not is_first():
        wait()
    yield
    if is_first():
        wait()


def _joined() -> bool:
    return launched() > 1 and dist.is_available() and dist.is_initialized()
