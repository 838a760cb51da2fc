"""The moments of each class, in what the BatchNorm layers of an observer are given.

One pass over the training images, kept in the work folder: the mean of each class, and its total
biased variance, which is that within its images and that between them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from smallset.files import replacing
from smallset.fingerprint import fingerprint
from smallset.lazy import Tensor, torch
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.synthesis.statistics import batch_norms
from smallset.train.evaluation import predict
from smallset.train.processes import first_before_others

VERSION = "class-moments-1"


def class_moments(seen: Observed, observer: AnyObserver) -> Float32[np.ndarray, "2 c d"]:
    """Return means and variances by class, the channels of all layers in module order.

    Clean images. Made once and kept.
    """
    return kept(seen, observer, VERSION, lambda: _class_moments(seen, observer))


def kept(
    seen: Observed, observer: AnyObserver, name: str, make: Callable[[], np.ndarray]
) -> np.ndarray:
    """Return an array that rests on an observer and the training images, made once and kept.

    `name` says all that it depends on besides these.
    """
    key = fingerprint([seen.fingerprint(observer, 0), seen.source, name])[:24]
    file = seen.work / "statistics" / f"{key}.npy"
    with first_before_others():
        if not file.exists():
            _write(file, make())
    array: np.ndarray = np.load(file)
    return array


def _write(file: Path, array: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as out:
        np.save(out, array)


def _class_moments(seen: Observed, observer: AnyObserver) -> Float32[np.ndarray, "2 c d"]:
    network = seen.network(observer, epoch=seen.settled(observer).trains_for)
    norms = batch_norms(network.net)
    read: list[Tensor] = [torch.empty(0)] * len(norms)
    handles = [
        norm.register_forward_pre_hook(
            lambda _, given, at=at: read.__setitem__(at, _sums(given[0]))
        )
        for at, norm in enumerate(norms)
    ]
    labels = torch.from_numpy(seen.labels)
    total: Tensor | None = None
    try:
        for indices, _ in predict(
            network, seen.images, machine=seen.machine, stage="moments", progress=seen.progress
        ):
            of_image = torch.cat(read, dim=2).double().cpu()  # (2, b, d)
            if total is None:
                total = torch.zeros(2, seen.classes, of_image.shape[2], dtype=torch.float64)
            # On the CPU, in order: the sum does not depend on who comes first.
            total.index_add_(1, labels[torch.from_numpy(indices)], of_image)
    finally:
        for handle in handles:
            handle.remove()
    assert total is not None
    images = torch.bincount(labels, minlength=seen.classes).clamp(min=1)[:, None]
    mean, square = total / images
    variance = (square - mean.square()).clamp(min=0)
    moments: np.ndarray = torch.stack([mean, variance]).float().numpy()
    return moments


def _sums(x: Tensor) -> Float32[Tensor, "2 b d"]:
    """Return the mean, and the mean square, of each image and channel."""
    x = x.float()
    return torch.stack([x.mean((2, 3)), x.square().mean((2, 3))])
