"""Several processes at one training run, as torchrun starts them: who is first, and who waits.

All of them run the same verb on the same data; only what is written, tested and said is the first
one's. They need the same work folder. Without torchrun all of this is one process and does nothing.
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
# The others wait for the first as long as it decodes a large data set or tests; torchrun itself
# stops them all where one of them dies.
_PATIENCE = timedelta(days=7)


def launched() -> int:
    """Count the processes that torchrun started; 1 without it."""
    if any(name not in os.environ for name in _ENVIRONMENT):
        return 1
    return int(os.environ["WORLD_SIZE"])


def count() -> int:
    """Count the processes that joined: 1 outside of `joined`."""
    return dist.get_world_size() if _joined() else 1


def rank() -> int:
    """Give this process's number among those that joined, from 0."""
    return dist.get_rank() if _joined() else 0


def is_first() -> bool:
    """Whether this is the process that writes, tests and speaks."""
    return rank() == 0


@dataclass(frozen=True)
class Crew:
    """The processes of a run, as `joined` gives them."""

    store: "Store"

    def claims_failure(self) -> bool:
        """Whether this process failed before any other; the rest only fail for want of it."""
        try:
            return bool(self.store.add("failures", 1) == 1)
        except RuntimeError:  # the store went with the process that held it
            return False


@contextmanager
def joined() -> Iterator[Crew]:
    """Join the processes that torchrun started, for the length of the block.

    Inside it the verbs of `pipeline` train with all of them. After an error the group is left to
    the end of the process, so the others hear of it only when its message is out.
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
    """Wait until all processes are here."""
    if _joined():
        dist.all_reduce(torch.zeros(1))  # on the CPU: `barrier` would ask for a GPU each


def first_alone(work: Callable[[], T]) -> T:
    """Let the first process do something, and give what it gave to all."""
    if not _joined():
        return work()
    box = [work() if is_first() else None]
    dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    return box[0]  # type: ignore[return-value]


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the first process go through the block before the others: they find what it has kept."""
    if not is_first():
        wait()
    yield
    if is_first():
        wait()


def _joined() -> bool:
    return launched() > 1 and dist.is_available() and dist.is_initialized()
