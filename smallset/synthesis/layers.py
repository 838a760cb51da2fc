"""Statistics of the inputs of an observer's layers over all training images.

They take one pass over the images, and are kept in the work folder. A layer has two vectors: the
mean and the biased variance of each channel. A convolution has two more: those of each cell.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from smallset.files import replacing
from smallset.fingerprint import fingerprint
from smallset.lazy import F, Module, Tensor, torch
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.seeds import generator
from smallset.shapes import Float32, Int64
from smallset.synthesis.statistics import batch_norms, cell_sums, channel_sums, over_images
from smallset.train.processes import first_before_others
from smallset.train.render import render, to_unit
from smallset.train.views import Canvas, draw_epoch, whole_boxes

VERSION = "layers-2"

Pair = tuple[Tensor, Tensor]
"""The means of each image, and its mean squares."""


@dataclass(frozen=True)
class Pass:
    """How one pass looks at training images: in batches, cropped and mirrored at random.

    A crop covers a share of the image in the range `area`. With a `pad`, the image gets a black
    frame of `pad` pixels instead, and the crop has the image's size. `flip` is the probability of
    a mirror image. The draw is the same for every set.
    """

    batch: int
    area: tuple[float, float]
    flip: float
    pad: int = 0


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """The vectors of all layers, joined in each row of `values`. `lengths` holds their lengths."""

    lengths: Int64[np.ndarray, " v"]
    values: Float32[np.ndarray, "r n"]


def watched_layers(net: Module, which: Literal["norms", "all"]) -> list[Module]:
    """Return the BatchNorm layers that have running statistics, or these and all convolutions.

    They are in the order of the network's modules.
    """
    norms = batch_norms(net)
    if which == "norms":
        return [*norms]
    return [m for m in net.modules() if isinstance(m, torch.nn.Conv2d) or m in norms]


def over_batches(seen: Observed, observer: AnyObserver, look: Pass, patch: int) -> LayerStatistics:
    """Return the mean of the statistics of a pass's batches, weighted by their images: one row.

    The variance is therefore that within a batch. `patch` is the side of a cell in pixels.
    """

    def make() -> LayerStatistics:
        found: list[Tensor] = []
        for labels, pairs in _passes(seen, observer, look, patch, "all"):
            share = len(labels) / len(seen.labels)
            own = [v.double()[None] * share for pair in pairs for v in over_images(*pair)]
            found = [a + b for a, b in zip(found, own, strict=True)] if found else own
        return _joined(found)

    return _kept(seen, observer, f"over batches {look!r} {patch}", make)


def by_class(
    seen: Observed, observer: AnyObserver, patch: int, which: Literal["norms", "all"]
) -> LayerStatistics:
    """Return the statistics of each class over all its training images: one row for each class.

    The images are neither cropped nor mirrored. The variance is that within images plus that
    between the images of a class.
    """

    def make() -> LayerStatistics:
        whole = Pass(256, (1.0, 1.0), 0.0)
        totals: list[Tensor] = []
        for labels, pairs in _passes(seen, observer, whole, patch, which):
            totals = totals or [
                torch.zeros((2, seen.classes, mean.shape[1]), dtype=torch.float64)
                for mean, _ in pairs
            ]
            for total, pair in zip(totals, pairs, strict=True):
                # The CPU adds in a fixed order, so the sum is the same every time.
                total.index_add_(1, labels, torch.stack(pair).double().cpu())
        images = np.bincount(seen.labels, minlength=seen.classes)
        each = 1 / torch.from_numpy(images).clamp(min=1)[:, None].double()
        found = []
        for mean, square in (total * each for total in totals):
            found += [mean, (square - mean.square()).clamp(min=0)]
        return _joined(found)

    return _kept(seen, observer, f"by class {patch} {which}", make)


def _passes(
    seen: Observed,
    observer: AnyObserver,
    look: Pass,
    patch: int,
    which: Literal["norms", "all"],
) -> Iterator[tuple[Int64[Tensor, " b"], list[Pair]]]:
    """Yield the labels of each batch, and its pairs: by layer, of channels and then of cells."""
    network = seen.network(observer)
    layers = watched_layers(network.net, which)
    read: dict[int, list[Pair]] = {}

    def hook(place: int, layer: Module) -> Callable[[Module, tuple[Tensor, ...]], None]:
        def sums(_: Module, given: tuple[Tensor, ...]) -> None:
            read[place] = [channel_sums(given[0])]
            if isinstance(layer, torch.nn.Conv2d):
                read[place].append(cell_sums(given[0], patch))

        return sums

    handles = [m.register_forward_pre_hook(hook(i, m)) for i, m in enumerate(layers)]
    try:
        for indices, pixels in _views(seen, look):
            with torch.no_grad(), seen.machine.autocast():
                network(pixels)
            pairs = [pair for place in range(len(layers)) for pair in read[place]]
            yield torch.from_numpy(seen.labels[indices]), pairs
    finally:
        for handle in handles:
            handle.remove()


def _views(
    seen: Observed, look: Pass
) -> Iterator[tuple[Int64[np.ndarray, " b"], Float32[Tensor, "b 3 s s"]]]:
    """Yield batches that show all training images once: their positions, and their views."""
    n, size = len(seen.images), seen.images.size
    order = generator(0, "pass", "order").permutation(n)
    drawn = draw_epoch(
        Canvas(scale=look.area, flip=look.flip), whole_boxes(n, size), seed=0, epoch=0
    )
    places = generator(0, "pass", "places").integers(0, 2 * look.pad + 1, (n, 2))
    for start in range(0, n, look.batch):
        indices = order[start : start + look.batch]
        pixels = seen.images.batch(indices).to(seen.machine.device)
        if look.pad:
            shown = _shifted(to_unit(pixels), places[indices], look.pad)
            turned = torch.from_numpy(drawn.flip[indices]).to(shown.device)[:, None, None, None]
            yield indices, torch.where(turned, shown.flip(3), shown)
        else:
            yield indices, render(pixels, drawn.take(indices), size=size)
        if seen.progress is not None:
            seen.progress("statistics", min(start + look.batch, n), n)


def _shifted(
    pixels: Float32[Tensor, "b 3 s s"], places: Int64[np.ndarray, "b 2"], pad: int
) -> Float32[Tensor, "b 3 s s"]:
    """Return a crop of each image in a black frame. `places` holds the left and top of each."""
    size, framed = pixels.shape[-1], F.pad(pixels, (pad,) * 4)
    crops = [
        image[:, y : y + size, x : x + size]
        for image, (x, y) in zip(framed, places.tolist(), strict=True)
    ]
    return torch.stack(crops).contiguous(memory_format=torch.channels_last)


def _joined(found: Sequence[Tensor]) -> LayerStatistics:
    lengths = np.array([one.shape[1] for one in found])
    values: np.ndarray = torch.cat([*found], dim=1).float().cpu().numpy()
    return LayerStatistics(lengths, values)


def _kept(
    seen: Observed, observer: AnyObserver, name: str, make: Callable[[], LayerStatistics]
) -> LayerStatistics:
    """Return the statistics that are kept under an observer and `name`, or make and keep them."""
    key = fingerprint([VERSION, seen.fingerprint(observer, 0), seen.source, name])[:24]
    file = seen.work / "statistics" / f"{key}.npz"
    with first_before_others():
        kept = _read(file)
        if kept is None:
            kept = make()
            file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(file) as out:
                np.savez(out, lengths=kept.lengths, values=kept.values)
    return kept


def _read(file: Path) -> LayerStatistics | None:
    """Return the kept statistics, or None if the file is missing or damaged."""
    try:
        with np.load(file) as kept:
            return LayerStatistics(kept["lengths"], kept["values"])
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
