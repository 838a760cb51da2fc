"""Selecting and laying out at ImageNet's sizes: seconds, and memory that grows with the images.

The work starts from random scores and unequal classes, and ends with the finished plan. No pixel is
read or drawn. The peer goes through all labels once for each class, as research code does. It runs
only on ImageNet-1K, since 21,841 classes take it minutes. Memory is how far this process's RssAnon
rises above its value before. Scores and labels are not counted. Linux only.

    python benchmarks/planning.py [--clock cpu] [--only ImageNet-1K] [--json FILE]
"""

from functools import partial

import numpy as np
from paired import Session, parser
from peak import Peak, peak_of

from smallset.methods import Pruned, method_from
from smallset.selection import Pool

# name: images and classes of the training split; ImageNet-21K is the release of winter 2021.
SOURCES = {"ImageNet-1K": (1_281_167, 1_000), "ImageNet-21K": (14_197_122, 21_841)}
METHODS = ("random", "el2n", "pca")
IPC, SIZE = 10, 224
_SCANNED_UP_TO = 1_000


def main() -> None:
    session = Session(parser(__doc__, rounds=3))
    for source, (images, classes) in SOURCES.items():
        wanted = [m for m in METHODS if session.wants(f"{source}, {m}")]
        if not wanted:
            continue
        values, labels = made_up(images, classes)
        for method in wanted:
            case = f"{source}, {method}"
            ours = partial(planned, method, values, labels, classes)
            peak = peak_of(ours)
            session.rows.append(Peak(case, images, {"plan": peak}))
            seconds = images / session.rate(ours)
            print(f"{case:<44} {seconds:.2f} s, {peak / images:.0f} bytes an image", flush=True)
            if classes <= _SCANNED_UP_TO:
                session.compare(case, ours, partial(scanned, method, values, labels))
    session.write()


def made_up(images: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random scores, and labels of unequal classes.

    Each class has enough images for mosaics of 2 x 2 tiles at `IPC`.
    """
    draw = np.random.default_rng(0)
    least = min(images // classes, 4 * IPC)
    labels = np.repeat(np.arange(classes), least)
    more = draw.integers(0, classes, images - len(labels))
    labels = draw.permutation(np.concatenate([labels, more]))
    return draw.random(images, np.float32), labels


def pruned(method: str) -> Pruned:
    """Build a method that chooses images."""
    chosen = method_from(method)
    assert isinstance(chosen, Pruned)
    return chosen


def planned(method: str, values: np.ndarray, labels: np.ndarray, classes: int) -> int:
    """Select and lay out, as `compress` does. Return the number of images."""
    chosen = pruned(method)
    boxes = np.broadcast_to(np.array([0, 0, SIZE, SIZE], np.int32), (len(labels), 4))
    pool = Pool(labels, classes, values if chosen.select.needs_scores else None)
    selection = chosen.of_pool(pool, np.full(classes, IPC * chosen.mosaic.tiles), seed=0)
    chosen.mosaic(selection, labels, boxes, size=SIZE)
    return len(labels)


def scanned(method: str, values: np.ndarray, labels: np.ndarray) -> int:
    """Do the peer's work: each class finds its images among all images, then sorts them.

    Return the number of images.
    """
    tiles = pruned(method).mosaic.tiles
    for c in range(int(labels.max()) + 1):
        mine = np.flatnonzero(labels == c)
        mine[np.argsort(values[mine], kind="stable")[: IPC * tiles]]
    return len(labels)


if __name__ == "__main__":
    main()
