"""What a set or a score says of the network that looked, and of what it had learned."""

import numpy as np

from smallset.lazy import torch
from smallset.observers import OBSERVERS, AnyObserver, Observer, Pretrained
from smallset.observers.observed import RECORDS_VERSION, Observed
from smallset.spec import write


def looked_with(
    observer: AnyObserver, seen: Observed, *, runs: int = 1, read: tuple[int, ...] = ()
) -> dict[str, str]:
    """Say which network looked, what was read of it, and what its numbers depend on here.

    `observer_right` is the share of clean training images that the observer gets right in the end,
    over its `runs`. `observer_learned` says how far that is from guessing the largest class (0) to
    all of them (1). `observer_epochs` is how long it trained, `epochs_read` are the epochs `read`,
    counted from 1; both stand there only if some epochs were left out.
    """
    settled = seen.settled(observer)
    right = seen.right(observer, runs=runs)
    guessed = float(np.bincount(seen.labels).max()) / len(seen.labels)
    made = {
        "observer": write(settled, {Observer: OBSERVERS}),
        "observer_right": f"{right:.4f}",
        "observer_learned": f"{(right - guessed) / (1 - guessed):.4f}",
        "records": RECORDS_VERSION,
        "threads": str(seen.machine.threads),
        "torch": torch.__version__,
    }
    if 0 < len(read) < settled.trains_for:
        made["observer_epochs"] = str(settled.trains_for)
        made["epochs_read"] = " ".join(map(str, read))
    if seen.machine.processes > 1:
        made["processes"] = str(seen.machine.processes)
    if isinstance(observer, Pretrained):
        made["observer_sha256"] = seen.given(observer).sha256
    return made
