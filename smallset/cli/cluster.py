"""The option --ray of the commands that can spread their work over a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smallset.parallel import Workers

RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|HOST:PORT",
        help="Spread the work over a Ray cluster; auto is the one in RAY_ADDRESS or on this "
        "machine, else a new one on its cores.",
    ),
]


@contextmanager
def workers_on(address: str | None, *, device: str) -> "Iterator[Workers | None]":
    """Give the workers of a Ray cluster, for as long as the block lasts; None without --ray.

    Raises ValueError for a device with a number, under torchrun, and as `Ray`.
    """
    if address is None:
        yield None
        return
    from smallset.parallel.ray import Ray
    from smallset.train.processes import launched

    if launched() > 1:
        raise ValueError(
            f"torchrun started {launched()} processes, and --ray hands the work to a cluster: the "
            "two do not go together. Leave one of them out."
        )
    if device.startswith("cuda:"):
        raise ValueError(
            f"--device {device} names one GPU of this machine, but with --ray each task gets a GPU "
            "of its own. Give --device cuda, or leave --ray out."
        )
    with Ray(address) as workers:
        yield workers
