"""The accuracy of a trained network on held-out images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smallset.lazy import Module, Tensor, torch
from smallset.records import Progress
from smallset.shapes import Float32, Float64, Int64
from smallset.train.device import Machine
from smallset.train.render import to_unit
from smallset.train.shown import Images


@dataclass(frozen=True)
class Accuracy:
    """The fraction of held-out images classified correctly: top-1, top-5, and top-1 by class.

    With at most 5 classes, `top5` is 1. `per_class` is nan for a class without images.
    """

    top1: float
    top5: float
    per_class: Float64[np.ndarray, " c"]


def inference_batch(size: int) -> int:
    """Return how many images of `size` pixels `predict` processes at once.

    It depends on the image size alone, so that results do not depend on free memory.
    """
    return max(16, min(512, 256 * 64**2 // size**2))


def predict(
    model: Module,
    images: Images,
    *,
    machine: Machine,
    stage: str = "test",
    progress: Progress | None = None,
    within: range | None = None,
) -> Iterator[tuple[Int64[np.ndarray, " b"], Float32[Tensor, "b c"]]]:
    """Run a network in eval mode over clean images in order, yielding (indices, logits).

    `within` are the consecutive images to take (None: all).
    """
    batch = inference_batch(images.size)
    within = range(len(images)) if within is None else within
    model.eval()
    for start in within[::batch]:
        indices = np.arange(start, min(start + batch, within.stop))
        # The contexts end before the yield, so that they do not leak into the caller.
        with torch.inference_mode(), machine.autocast():
            logits = model(to_unit(images.batch(indices).to(machine.device))).float()
        yield indices, logits
        if progress is not None:
            progress(stage, int(indices[-1]) + 1, len(images))


def accuracy(
    model: Module,
    images: Images,
    labels: Int64[np.ndarray, " n"],
    *,
    classes: int,
    machine: Machine,
    progress: Progress | None = None,
) -> Accuracy:
    """Measure a network on held-out images. A class without images has accuracy nan."""
    first = np.zeros(len(images), dtype=bool)
    five = np.zeros(len(images), dtype=bool)
    for indices, logits in predict(model, images, machine=machine, progress=progress):
        top = logits.topk(min(5, classes), dim=1).indices.cpu().numpy()
        hit = top == labels[indices, None]
        first[indices], five[indices] = hit[:, 0], hit.any(1)
    counts = np.bincount(labels, minlength=classes)
    hits = np.bincount(labels[first], minlength=classes)
    per_class = np.divide(hits, counts, out=np.full(classes, np.nan), where=counts > 0)
    return Accuracy(float(first.mean()), float(five.mean()), per_class)
