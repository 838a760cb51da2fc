"""offers(): what a set would hold under each kind of budget, before the user chooses one."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from smallset.budget import Budget, Bytes, PerClass, Share
from smallset.desk import Options, desk_for
from smallset.exchange.set_data import AnyData
from smallset.methods import Method, Pruned, ShortClasses, random
from smallset.pipeline.job import Order, begin
from smallset.records import Fit
from smallset.selection import Random
from smallset.store import Codec, Encoding, Sizes

_TRIED = PerClass(10)
_KEPT = Share(0.1)


@dataclass(frozen=True)
class Offer:
    """A budget, and about how many images and bytes a set would have under it."""

    budget: Budget
    images: int
    bytes: int


def offers(
    data: AnyData,
    out: str | Path,
    *,
    method: str | Method,
    short_classes: ShortClasses = "error",
    size: int | None = None,
    fit: Fit = "squash",
    codec: str | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> tuple[tuple[Offer, ...], Codec]:
    """Return an offer for each kind of budget, and the codec whose bytes they count.

    Random images are encoded in place of the method's, so nothing is scored. The options and the
    errors are those of `compress`.
    """
    desk = desk_for(**options)
    order = Order(method, PerClass(1), short_classes, size, fit, seed, codec)
    job = begin(data, Path(out), order, desk)
    drawn = random()
    if isinstance(job.method, Pruned):
        drawn = replace(job.method, score=None, select=Random(), observer=None, pool=None)
    asked, classes = job.method.most(job.have), len(job.have)
    few = min(job.have) // drawn.tiles
    tried = PerClass(min(_TRIED.images, few, few if asked is None else asked))
    sizes = Sizes(Encoding(job.codec, desk.workers))

    def encoded(way: Method) -> tuple[int, int]:
        drawing = replace(job, method=way, order=replace(order, short_classes="error"))
        canvases = drawing.canvases(drawing.wanting(tried.images))
        return int(canvases.plan.images.sum()), sizes.total(canvases)

    ways = drawn.under_bytes(size=job.seen.images.size)
    images, bytes = encoded(ways[0][0])
    kept = sum(_KEPT.canvases(job.have, job.method.tiles))
    limit = _rounded_up(max(bytes, job.data.train.encoded_bytes // 100))
    for number, (way, enough) in enumerate(ways):
        shown, took = encoded(way) if number else (images, bytes)
        full = limit * shown // took // classes
        if full >= enough:
            break
    most = full if asked is None else asked if job.method.balanced else asked // classes
    each = min(full, most)
    return (
        Offer(tried, images, bytes),
        Offer(_KEPT, kept, bytes * kept // images),
        Offer(Bytes(limit), each * classes, limit * each // full),
    ), job.codec


def _rounded_up(bytes: int) -> int:
    """Round up to a number with one digit before its zeros, such as 300,000."""
    step: int = 10 ** (len(str(bytes)) - 1)
    return -(-bytes // step) * step
