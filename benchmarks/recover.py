"""An iteration of a synthesis against the bare observer, forward and backward to the pixels.

Ours is `recover`: the view, the statistics of all BatchNorm layers and their gradient, Adam, the
clamp, and the start and the end of a batch. The peer is the same network on one fixed batch in
memory, with the gradient of the cross entropy with respect to its pixels. The settings are those
of SRe2L at each size. Target: at least 0.90.

    python benchmarks/recover.py [--threads 1] [--iterations 40] [--json FILE]
"""

import numpy as np
import torch
import torch.nn.functional as F
from paired import Session, Work, parser

from smallset.models import build_model
from smallset.synthesis.recover import Batch, Watched, recover
from smallset.synthesis.sre2l import NormTargets, SRe2L
from smallset.train.device import Machine

CLASSES = 10
# (observer, side in pixels, images of a batch)
CASES = (
    ("resnet8", 32, 10),
    ("resnet20", 32, 10),
    ("resnet20", 32, 100),
    ("resnet18-3x3", 32, 10),
    ("resnet10", 64, 10),
    ("resnet18", 224, 10),
)


def main() -> None:
    made = parser(__doc__, rounds=5)
    made.add_argument("--iterations", type=int, default=40, help="of a batch (default 40)")
    session = Session(made)
    for name, size, images in CASES:
        case = f"{name}, {size} px, {images} images"
        if session.wants(case):
            given = name, size, images, session.options.iterations
            session.compare(case, *works(*given, session.desk))
    session.write()


def works(name: str, size: int, images: int, iterations: int, desk: Machine) -> tuple[Work, Work]:
    """Return ours, `iterations` iterations of one batch, and the peer."""
    network = build_model(name, classes=CLASSES, size=size, seed=0)
    network.eval().requires_grad_(False)
    desk.place(network)
    draw = np.random.default_rng(0)
    start = draw.standard_normal((images, 3, size, size)).astype(np.float32)
    batch = Batch(start, np.arange(images) % CLASSES, seed=0)
    recipe = SRe2L(iterations=iterations).recipe(size)
    watched = [Watched(network, NormTargets())]

    def ours() -> int:
        return len(recover(batch, watched, recipe, machine=desk)) * iterations

    pixels = torch.from_numpy(start).to(desk.device).to(memory_format=torch.channels_last)
    pixels.requires_grad_()
    target = torch.from_numpy(batch.labels).to(desk.device)

    def peer() -> int:
        for _ in range(iterations):
            with desk.autocast():
                logits = network(pixels)
            F.cross_entropy(logits.float(), target).backward()  # type: ignore[no-untyped-call]
            pixels.grad = None
        return images * iterations

    return ours, peer


if __name__ == "__main__":
    main()
