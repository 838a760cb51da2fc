"""Random crops of real images, and the crop of each image that an observer finds easiest.

The crops of a class are scored together, here or by a worker. The best crops are kept in the work
folder. They depend neither on other classes nor on the process that scores them.
"""

import copy
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset, fit_boxes, ordered, read_box
from smallset.data.threads import thread_count
from smallset.files import read_array, write_array
from smallset.fingerprint import fingerprint
from smallset.lazy import F, Tensor, torch
from smallset.models import Network
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.observers.shards import Shards
from smallset.parallel import Task
from smallset.seeds import generator
from smallset.shapes import Float64, Int32, Int64, Shaped, UInt8
from smallset.store.canvases import carried
from smallset.train.device import Machine
from smallset.train.evaluation import inference_batch
from smallset.train.processes import first_before_others
from smallset.train.render import to_unit
from smallset.train.views import NUMBERS, crop_boxes

VERSION = "crops-1"
"""It changes when the same pool would give other crops or other losses."""

BEST = np.dtype([("loss", np.float64), ("box", np.int32, 4)])
"""The best crop of an image: its cross entropy in nats, and its box in the image's pixels."""


@dataclass(frozen=True)
class CropRule:
    """How images are cropped, and how crops are shown to an observer.

    Each image gets `crops` random boxes. `area` is the range of a box's share of the image, `ratio`
    that of its width divided by its height. A crop is resized to `side` pixels a side, and shown in
    the middle of a square of the mean colour with `size` pixels a side.
    """

    crops: int
    area: tuple[float, float]
    ratio: tuple[float, float]
    side: int
    size: int


@dataclass(frozen=True, eq=False)
class CropPool:
    """The candidates of one class: the positions of some images, and the boxes of their crops."""

    label: int
    images: Int64[np.ndarray, " k"]
    boxes: Int32[np.ndarray, "k crops 4"]


def best_crops(
    seen: Observed,
    observer: AnyObserver,
    network: Network,
    pools: Sequence[Int64[np.ndarray, " _"]],
    rule: CropRule,
    *,
    seed: int,
) -> list[Shaped[np.ndarray, " _"]]:
    """Return an array of dtype `BEST` for each class: the best crop of each image of its pool.

    `pools` holds the positions of the images of each class, and `network` is that of the observer.
    The crops of an image depend on the set seed, its class and its place in the pool. Classes that
    were scored before are read from the work folder. Raises ValueError if a loss is not finite.
    """
    facts = [VERSION, seen.fingerprint(observer, 0), seen.source, repr(rule), seed]
    folder = seen.work / "crops" / fingerprint(facts)[:24]
    drawn = [_drawn(seen, label, images, rule, seed) for label, images in enumerate(pools)]
    with first_before_others():
        folder.mkdir(parents=True, exist_ok=True)
        found = {
            pool.label: read_array(_file(folder, pool), BEST, pool.images.shape) for pool in drawn
        }
        missing = [pool for pool in drawn if found[pool.label] is None]
        total, left = (sum(len(pool.images) for pool in some) for some in (drawn, missing))
        with closing(_scored(seen, network, missing, rule)) as scored:
            for pool, best in scored:
                _check_finite(best, pool, seen)
                write_array(_file(folder, pool), best)
                found[pool.label] = best
                left -= len(best)
                if seen.progress is not None:
                    seen.progress("crops", total - left, total)
    return [best for best in found.values() if best is not None]


def best_of(
    dataset: ImageDataset,
    pools: Sequence[CropPool],
    network: Network,
    rule: CropRule,
    machine: Machine,
) -> Generator[tuple[CropPool, Shaped[np.ndarray, " _"]], None, None]:
    """Yield each pool and the best crop of each of its images.

    Threads decode each image once and cut all its crops, while the network looks at earlier crops.
    """
    places = ((i, box) for p in pools for i, box in zip(p.images.tolist(), p.boxes, strict=True))
    mean_bytes = dataset.encoded_bytes / max(1, len(dataset))
    threads = min(machine.threads, thread_count(0, mean_bytes=mean_bytes))
    with closing(ordered(partial(_cut, dataset, rule.side), places, threads=threads)) as cuts:
        for pool in pools:
            losses = _losses(network, pool, cuts, rule, machine)
            least = losses.argmin(1)
            rows = np.arange(len(least))
            best = np.empty(len(least), BEST)
            best["loss"], best["box"] = losses[rows, least], pool.boxes[rows, least]
            yield pool, best


def _drawn(
    seen: Observed, label: int, images: Int64[np.ndarray, " k"], rule: CropRule, seed: int
) -> CropPool:
    """Draw the crops of a class, inside the part of each image that `seen.fit` shows."""
    shape = (len(images), rule.crops)
    numbers = generator(seed, "crops", label).random((*shape, NUMBERS))
    area = np.repeat(fit_boxes(seen.dataset.sizes[images], seen.fit), rule.crops, axis=0)
    boxes = crop_boxes(area, numbers.reshape(-1, NUMBERS), rule.area, rule.ratio)
    return CropPool(label, images, boxes.reshape(*shape, 4))


def _cut(
    dataset: ImageDataset, side: int, place: tuple[int, Int32[np.ndarray, "crops 4"]]
) -> UInt8[np.ndarray, "crops t t 3"]:
    image, boxes = place
    pixels = dataset.pixels(image)
    return np.stack([read_box(pixels, box, (side, side), "antialias") for box in boxes])


def _losses(
    network: Network,
    pool: CropPool,
    cuts: Iterator[UInt8[np.ndarray, "crops t t 3"]],
    rule: CropRule,
    machine: Machine,
) -> Float64[np.ndarray, "k crops"]:
    """Return the cross entropy of each crop of a pool, whose pixels come next in `cuts`."""
    before = (rule.size - rule.side) // 2
    after = rule.size - rule.side - before
    together = max(1, inference_batch(rule.size) // rule.crops)
    found: list[Tensor] = []
    for start in range(0, len(pool.images), together):
        pixels = np.concatenate([*islice(cuts, min(together, len(pool.images) - start))])
        crops = to_unit(torch.from_numpy(pixels).permute(0, 3, 1, 2).to(machine.device))
        with torch.inference_mode(), machine.autocast():
            # The frame is 0 after normalisation, which is the mean colour.
            shown = F.pad((crops - network.mean) / network.std, (before, after) * 2)
            logits = network.logits(shown)
        own = torch.full((len(logits),), pool.label, device=logits.device)
        # In float32, many easy crops would tie at 0.
        found.append(F.cross_entropy(logits.double(), own, reduction="none"))
    losses: np.ndarray = torch.cat(found).view(-1, rule.crops).cpu().numpy()
    return losses


def _scored(
    seen: Observed, network: Network, pools: Sequence[CropPool], rule: CropRule
) -> Generator[tuple[CropPool, Shaped[np.ndarray, " _"]], None, None]:
    """Yield each pool and its best crops as they are found, here or by workers.

    One task is one pool. It takes the encoded images and the network to the worker.
    """
    machine = seen.machine
    if not isinstance(seen.spread, Shards):
        yield from best_of(seen.dataset, pools, network, rule, machine)
        return
    sent = copy.deepcopy(network).cpu()

    def call(pool: CropPool) -> tuple[object, ...]:
        own = replace(pool, images=np.arange(len(pool.images)))
        return carried(seen.dataset, pool.images), own, sent, rule, machine

    named = {f"crops of class {pool.label}": pool for pool in pools}
    tasks = [
        Task(key, _best_there, partial(call, pool), cpus=machine.threads, gpus=machine.gpus)
        for key, pool in named.items()
    ]
    with closing(seen.spread.workers.run(tasks)) as finished:
        for task in finished:
            assert isinstance(task.value, np.ndarray)
            yield named[task.key], task.value


def _best_there(
    dataset: ImageDataset, pool: CropPool, network: Network, rule: CropRule, machine: Machine
) -> Shaped[np.ndarray, " k"]:
    """Score one pool on a worker."""
    machine = machine.on_worker()
    machine.place(network.eval())
    [(_, best)] = best_of(dataset, [pool], network, rule, machine)
    return best


def _check_finite(best: Shaped[np.ndarray, " k"], pool: CropPool, seen: Observed) -> None:
    bad = np.flatnonzero(~np.isfinite(best["loss"]))
    if len(bad):
        raise ValueError(
            "the observer gives losses that are not finite, for instance of a crop of "
            f"{seen.dataset.id(int(pool.images[bad[0]]))!r}. Needed finite losses. Take another "
            "observer, or --precision float32."
        )


def _file(folder: Path, pool: CropPool) -> Path:
    return folder / f"class-{pool.label:05d}-of-{len(pool.images)}.npy"
