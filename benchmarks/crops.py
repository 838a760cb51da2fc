"""RDED's scored crops against decoding and the bare observer.

Ours is `best_of`. It decodes each image once. It cuts, resizes and frames the crops, lets the
observer look at them, and finds the best crop. The peer decodes the same images in as many threads.
Then the observer infers as many images as there are crops, on one fixed batch. The images are JPEGs
of smooth noise, with five crops each.

Target: at least 0.70. The peer cuts nothing, and small crops of large images take as long to cut as
to look at.

    python benchmarks/crops.py [--threads 1] [--images 60] [--json FILE]
"""

from dataclasses import replace

import numpy as np
import torch
from paired import Session, Work, parser
from stages import photograph
from steps import FixedBatch

from smallset.data import ImageDataset, from_arrays, ordered
from smallset.models import build_model
from smallset.store.canvases import Carried
from smallset.synthesis.crops import CropPool, CropRule, best_of
from smallset.train.device import Machine
from smallset.train.evaluation import inference_batch
from smallset.train.views import crop_boxes

CLASSES, CROPS = 10, 5
# (observer, side of a canvas in pixels, factor, width and height of the images)
CASES = (
    ("resnet20", 32, 1, (32, 32)),
    ("resnet10", 64, 1, (500, 375)),
    ("resnet10", 128, 2, (500, 375)),
    ("resnet18", 224, 2, (500, 375)),
)


def main() -> None:
    made = parser(__doc__, rounds=5)
    made.add_argument("--images", type=int, default=60, help="default 60")
    session = Session(made)
    for name, size, factor, sides in CASES:
        case = f"{name}, {size} px, factor {factor}, of {sides[0]} x {sides[1]}"
        if session.wants(case):
            dataset = photographs(session.options.images, sides)
            session.compare(case, *works(name, size, factor, dataset, session.desk))
    session.write()


def works(
    name: str, size: int, factor: int, dataset: ImageDataset, desk: Machine
) -> tuple[Work, Work]:
    """Return ours, the search for the best crop of each image, and the peer."""
    network = build_model(name, classes=CLASSES, size=size, seed=0).eval()
    desk.place(network)
    rule = CropRule(CROPS, (0.08, 1.0), (1.0, 1.0), size // factor, size)
    images = len(dataset)
    area = np.concatenate([np.zeros_like(dataset.sizes), dataset.sizes], 1).repeat(CROPS, 0)
    numbers = np.random.default_rng(0).random((len(area), 24))
    boxes = crop_boxes(area, numbers, rule.area, rule.ratio).reshape(images, CROPS, 4)
    pool = CropPool(0, np.arange(images), boxes)

    def ours() -> int:
        return sum(len(best) for _, best in best_of(dataset, [pool], network, rule, desk)) * CROPS

    batch = inference_batch(size)
    optimizer = torch.optim.SGD(network.parameters())
    ready = FixedBatch(network, optimizer, desk, batch=batch, size=size)

    def peer() -> int:
        for _ in ordered(dataset.pixels, range(images), threads=desk.threads):
            pass
        ready.infer(round(images * CROPS / batch))
        return round(images * CROPS / batch) * batch

    return ours, peer


def photographs(images: int, sides: tuple[int, int]) -> ImageDataset:
    """Return a dataset of identical JPEGs. `sides` are their width and height in pixels."""
    blank, labels = np.zeros((images, 1, 1), np.uint8), np.arange(images) % 2
    plain = from_arrays(blank, labels, ["a", "b"], test=(blank, labels)).train
    encoded = photograph(sides)
    return replace(
        plain,
        sizes=np.full((images, 2), sides, np.int32),
        encoded_bytes=images * len(encoded),
        origin=Carried(("photograph",) * images, (encoded,) * images),
    )


if __name__ == "__main__":
    main()
