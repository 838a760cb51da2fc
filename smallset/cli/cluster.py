"""The option --ray of the commands that can spread their work over a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from smallset.parallel import Workers
from smallset.parallel.ray import Ray

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
def workers_on(address: str | None, *, device: str) -> Iterator[Workers | None]:
    """Give the workers of a Ray cluster, for as long as the block lasts; None without --ray.

    Raises ValueError for a device with a number, and as `Ray`.
    """
    if address is None:
        yield None
        return
    if device.startswith("cuda:"):
        raise ValueError(
            f"--device {device} names one GPU of this machine, but with --ray each task gets a GPU "
            "of its own. Give --device cuda, or leave --ray out."
        )
    with Ray(address) as workers:
        yield workers
