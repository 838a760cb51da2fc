"""Every selector from 10,000 to a million images: seconds, memory, and a peer if there is one.

There are ten classes, random scores and 64 random features. 1 % of each class is kept (`--keep`).
Nothing is read from disk. Memory is how far this process's RssAnon rises above its value before.
Features and scores are not counted. Meanwhile malloc returns freed memory at once, so only memory
in use counts. A selector that takes a minute or more runs once, for both time and memory.

Peers select as research code does: each class finds and sorts its images anew, a loop over the
strata, formulas in numpy and scipy, distances to all remaining images at every step, or a matrix of
all distances. The peer of d2's nearest neighbours is scikit-learn. Peers run up to 100,000 images.
Linux only.

    python benchmarks/selection.py [--clock cpu] [--only "10,000, "] [--json FILE]
"""

import ctypes
from collections.abc import Callable
from functools import partial

import numpy as np
from paired import Session, Work, parser
from peak import Peak, peak_of
from scipy.stats import beta as density
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from smallset.selection import CCS, D2, SELECTORS, Middle, Pool, Select
from smallset.selection.d2 import nearest

SIZES = (10_000, 100_000, 1_000_000)
CLASSES, WIDTH = 10, 64
PAIRED_UP_TO = 100_000
_LONG = 60.0  # seconds
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
SELECTS: dict[str, Select] = {name: selector() for name, selector in SELECTORS.items()}
SELECTS["ccs, all classes"] = CCS(balanced=False)
SELECTS["middle"] = Middle((0, 0.5))

Peer = Callable[[Pool, np.ndarray, int], object]
"""A function of a pool, the images of one class, and the number to choose."""


def main() -> None:
    made = parser(__doc__, rounds=3)
    made.add_argument("--keep", type=float, default=0.01, help="share kept of a class")
    session = Session(made)
    for images in SIZES:
        wanted = [name for name in SELECTS if session.wants(f"{images:,}, {name}")]
        if not wanted:
            continue
        kept = int(session.options.keep * images / CLASSES)
        pool, counts = made_up(images), np.full(CLASSES, kept)
        for name in wanted:
            ours, case = partial(selected, SELECTS[name], pool, counts), f"{images:,}, {name}"
            measure(case, ours, images, session)
            if name in PEERS and images <= PAIRED_UP_TO:
                peer = partial(class_by_class, PEERS[name], pool, counts)
                mine = partial(class_by_class, graph, pool, counts) if name == "d2" else ours
                session.compare(f"{case}, peer", mine, peer)
    session.write()


def made_up(images: int) -> Pool:
    """Return a pool with random labels, scores, features and probabilities."""
    draw = np.random.default_rng(0)
    features = draw.random((images, WIDTH), np.float32)
    sure = draw.random(images, np.float32)
    labels = draw.permutation(np.arange(images) % CLASSES)
    return Pool(labels, CLASSES, draw.random(images, np.float32), lambda: features, lambda: sure)


def measure(case: str, ours: Work, images: int, session: Session) -> None:
    """Print the peak of memory of one call, and the seconds of a call.

    Short work is called and timed a second time, without the watcher.
    """
    rates: list[float] = []

    def once() -> int:
        rates.append(session.rate(ours))
        return images

    give_back(True)
    peak = peak_of(once)
    give_back(False)
    if images / rates[-1] < _LONG:
        once()
    print(f"{case:<44} {images / rates[-1]:.3f} s, {peak / images:.0f} bytes an image", flush=True)
    session.rows.append(Peak(case, images, {"select": peak}))


def give_back(at_once: bool) -> None:
    """Let malloc return freed memory at once, or keep up to 64 MiB of it.

    At once: each array from 128 KiB on has a mapping of its own. Malloc's usual rule goes by the
    largest array freed so far, and would depend on the cases before.
    """
    libc, threshold = ctypes.CDLL("libc.so.6"), 2**17 if at_once else 2**25
    libc.mallopt(_MMAP_THRESHOLD, threshold)
    libc.mallopt(_TRIM_THRESHOLD, 2 * threshold)
    libc.malloc_trim(0)


def selected(select: Select, pool: Pool, counts: np.ndarray) -> int:
    select(pool, counts, seed=0)
    return len(pool)


def class_by_class(peer: Peer, pool: Pool, counts: np.ndarray) -> int:
    for members, count in zip(pool.members(), counts, strict=True):
        peer(pool, members, int(count))
    return len(pool)


def values_of(pool: Pool) -> np.ndarray:
    assert pool.values is not None
    return pool.values


def features_of(pool: Pool) -> np.ndarray:
    assert pool.features is not None
    return pool.features()


def probability_of(pool: Pool) -> np.ndarray:
    assert pool.probability is not None
    return pool.probability()


def sorted_all(pool: Pool, members: np.ndarray, count: int) -> object:
    """Easiest, as research code does it: each class finds its images, then sorts them."""
    mine = np.flatnonzero(pool.labels == pool.labels[members[0]])
    return mine[np.argsort(values_of(pool)[mine], kind="stable")[:count]]


def stratified(pool: Pool, members: np.ndarray, count: int) -> object:
    """ccs as in Algorithm 1: a loop over the strata, the stratum with the fewest images first."""
    draw, select = np.random.default_rng(0), CCS()
    ranked = members[np.argsort(values_of(pool)[members], kind="stable")]
    kept = ranked[: select.leaves(len(members))]
    low, high = values_of(pool)[kept[[0, -1]]]
    edges = np.linspace(low, high, select.strata + 1)
    at = np.digitize(values_of(pool)[kept], edges[1:-1])
    strata = sorted((kept[at == i] for i in range(select.strata)), key=len)
    chosen: list[int] = []
    for done, of_stratum in enumerate(strata):
        share = (count - len(chosen)) // (select.strata - done)
        chosen += draw.permutation(of_stratum)[:share].tolist()
    return chosen


def drawn(pool: Pool, members: np.ndarray, count: int) -> object:
    """beta by scipy's density and numpy's draw without replacement."""
    mean, values = probability_of(pool)[members], values_of(pool)[members]
    b = 15 * (1 - mean[np.argsort(-values)[:10]].mean()) * (1 - (1 - count / len(members)) ** 4)
    weights = density.pdf(mean, 16 - b, b) * values
    draw = np.random.default_rng(0)
    return draw.choice(members, count, replace=False, p=weights / weights.sum())


def usual(pool: Pool, members: np.ndarray, count: int) -> object:
    """moderate in numpy."""
    features = features_of(pool)[members]
    away = np.linalg.norm(features - np.median(features, axis=0), axis=1)
    return members[np.argsort(np.abs(away - np.median(away)))[:count]]


def herded(pool: Pool, members: np.ndarray, count: int) -> object:
    """herding in numpy: at every step, the distance of every image to what the mean lacks."""
    features = features_of(pool)[members]
    mean, total, left = features.mean(0), np.zeros(WIDTH, np.float32), list(range(len(members)))
    for t in range(count):
        away = np.linalg.norm((t + 1) * mean - total - features[left], axis=1)
        total = total + features[left.pop(int(away.argmin()))]
    return total


def matrix_centres(pool: Pool, members: np.ndarray, count: int) -> object:
    """k-center from the whole matrix of distances."""
    away = pairwise_distances(features_of(pool)[members])
    near, chosen = away[0].copy(), [0]
    while len(chosen) < count:
        chosen.append(int(near.argmax()))
        near = np.minimum(near, away[chosen[-1]])
    return chosen


def graph(pool: Pool, members: np.ndarray, count: int) -> object:
    """d2's neighbours as smallset finds them."""
    return nearest(features_of(pool), members, D2().k)


def sklearn_graph(pool: Pool, members: np.ndarray, count: int) -> object:
    """The neighbours of `graph`, found by scikit-learn."""
    points = features_of(pool)[members]
    return NearestNeighbors(n_neighbors=D2().k, algorithm="brute").fit(points).kneighbors()


PEERS: dict[str, Peer] = {
    "easiest": sorted_all,
    "ccs": stratified,
    "beta": drawn,
    "moderate": usual,
    "herding": herded,
    "k-center": matrix_centres,
    "d2": sklearn_graph,
}


if __name__ == "__main__":
    main()
