"""A whole EL2N scoring run against the bare observer.

Ours is `el2n` from fresh weights to scores: views, batches from the decode-once cache, training,
inference on clean images, records and checkpoints on disk. The peer takes as many training steps on
one fixed batch and infers as many images on one fixed batch. The images are every k-th image of
CIFAR-10 if this machine has it, else random pixels. Target: at least 0.90.

With CIFAR-10, indexing and decoding all images once is timed too. It is printed as its share of a
first scoring run with 10 epochs at the speed just measured.

    python benchmarks/scoring.py [--threads 1] [--images 6400] [--epochs 2] [--json FILE]
"""

import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from paired import Session, Work, parser
from real_data import cifar10
from steps import FixedBatch
from torch import Tensor

from smallset.data import from_arrays, open_data, pixel_cache
from smallset.models import build_model
from smallset.observers.observed import Observed
from smallset.observers.observer import OBSERVER_V1, Observer
from smallset.scores.output import EL2N
from smallset.shapes import Int64, UInt8
from smallset.train.device import Machine
from smallset.train.shown import Images, InMemory

SIZE, CLASSES = 32, 10
# The batch of `predict` at 32 px.
INFERENCE_BATCH = 512


@dataclass(frozen=True)
class Part:
    """The images of `whole` at the positions `at`."""

    whole: Images
    at: Int64[np.ndarray, " n"]

    @property
    def size(self) -> int:
        return self.whole.size

    def __len__(self) -> int:
        return len(self.at)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        return self.whole.batch(self.at[indices])


def main() -> None:
    made = parser(__doc__, rounds=5)
    made.add_argument("--images", type=int, default=6400, help="default 6400")
    made.add_argument("--epochs", type=int, default=2, help="default 2")
    session = Session(made)
    options, clock = session.options, session.clock
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source = cifar10()
        name, decoding = "random pixels", 0.0
        if source is None:
            images, labels = random_pixels(options.images)
        else:
            name = "CIFAR-10"
            started = clock()
            train = open_data(source, work=work, workers=options.threads).train
            cache = pixel_cache(train, SIZE, view="squash", work=work, workers=options.threads)
            decoding = clock() - started
            at = np.linspace(0, len(train) - 1, options.images).astype(np.int64)
            images, labels = Part(cache, at), train.labels[at]
        ours, peer = scorer(images, labels, session.desk, work, options.epochs)
        case = f"el2n, resnet8, {name}, {options.images:,} x {options.epochs} epochs"
        pair = session.compare(case, ours, peer)
        if source is not None and pair is not None:
            whole = len(train) * Observer().trains_for / pair.ours
            print(
                f"indexing and decoding {len(train):,} training and the test images once: "
                f"{decoding:.1f} s, {decoding / (decoding + whole):.1%} of a first scoring run of "
                f"{Observer().trains_for} epochs ({whole:.0f} s at this speed)"
            )
    session.write()


def scorer(
    images: Images, labels: Int64[np.ndarray, " n"], desk: Machine, work: Path, epochs: int
) -> tuple[Work, Work]:
    """Return ours, a scoring run that starts anew in each call, and the peer."""
    fresh = count()
    method = EL2N(epochs=epochs, observer=Observer(epochs=epochs))
    # `Observed` needs a dataset, but an observer that trains never reads its pixels.
    blank = np.zeros((len(labels), 1, 1), np.uint8)
    dataset = from_arrays(blank, labels, test=(blank, labels)).train

    def ours() -> int:
        source = f"run {next(fresh)}"
        observed = Observed(images, labels, CLASSES, source, desk, work, dataset=dataset)
        return len(method(observed)) * epochs

    model = build_model("resnet8", classes=CLASSES, size=SIZE, seed=0)
    desk.place(model)
    optimizer = OBSERVER_V1.optimizer_for(model)
    training = FixedBatch(model, optimizer, desk, batch=OBSERVER_V1.batch, size=SIZE)
    clean = FixedBatch(model, optimizer, desk, batch=INFERENCE_BATCH, size=SIZE)

    def peer() -> int:
        for _ in range(epochs):
            training.train(-(-len(images) // OBSERVER_V1.batch))
            clean.infer(-(-len(images) // INFERENCE_BATCH))
        return len(images) * epochs

    return ours, peer


def random_pixels(images: int) -> tuple[Images, Int64[np.ndarray, " n"]]:
    """Return images of noise, and labels."""
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (images, SIZE, SIZE, 3), dtype=np.uint8)
    return InMemory(torch.from_numpy(pixels).permute(0, 3, 1, 2)), np.arange(images) % CLASSES


if __name__ == "__main__":
    main()
