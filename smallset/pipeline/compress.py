"""compress() and select(): what a method chooses from a dataset, as a set or as a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

import numpy as np

from smallset.budget import Budget, Bytes, one_budget
from smallset.data.work import keeping
from smallset.desk import Options, desk_for
from smallset.exchange.chosen_list import ChosenList, write_list
from smallset.exchange.set_data import AnyData
from smallset.methods import Method, ShortClasses
from smallset.parallel import Workers
from smallset.pipeline.job import Job, Order, begin
from smallset.pipeline.within import NoRoom, most_within
from smallset.records import Fit
from smallset.store import Canvases, CompressedDataset, Encoding, Sizes, open_set, write
from smallset.train.processes import first_before_others, is_first


def compress(
    data: AnyData,
    out: str | Path,
    *,
    method: str | Method = "pca",
    ipc: int | None = None,
    keep: float | None = None,
    budget: str | Budget | None = None,
    short_classes: ShortClasses = "error",
    size: int | None = None,
    fit: Fit = "squash",
    codec: str | None = None,
    seed: int = 0,
    spread: Workers | None = None,
    because: Mapping[str, str] | None = None,
    **options: Unpack[Options],
) -> CompressedDataset:
    """Compress a dataset into the new folder `out`: `ipc` images of `size` pixels for each class.

    `method` is a spec or a `Method`. Give one of `ipc`, `keep` and `budget`; the default is
    ten images per class. `keep` is the share of each class's training images to use, above 0 and at
    most 1. Of n images, round(keep n) are used (halves up), in whole canvases of a mosaic, and at
    least one canvas. `budget` is any budget as text. "bytes=230kB" writes as many canvases as fit,
    found by encoding.

    An unbalanced selection takes the same number of canvases in all, but from any class. A class
    with too few images is an error. With `short_classes="keep"`, that class gives as many whole
    canvases as it can, and the manifest names the class.

    `size=None` keeps the side that all images share, or else uses 224. `codec` is the method's own
    by default, or else "png". `codec="original"` copies the bytes of whole images, which are then
    read at that size. `seed` is the set seed. An observer has a seed of its own. `spread` are
    workers that draw and that make the inference passes of scoring; they do not change the set.
    `because` are further facts for the manifest's `made_with`, such as how the method was chosen.
    The other options are those of `smallset.desk.Options`.

    Raises ValueError or OSError if anything is wrong, and then leaves no output.
    """
    out, asked, desk = Path(out), one_budget(ipc, keep, budget), desk_for(**options)
    order = Order(method, asked, short_classes, size, fit, seed, codec, spread)
    job = begin(data, out, order, desk)
    notes: Mapping[str, str] = {}
    with keeping(desk.work):
        if asked.limit is None:
            canvases = job.canvases(job.wanted)
        else:
            job, canvases, notes = _filled(job, asked.limit)
    about = job.about({**notes, **(because or {})})
    with first_before_others():
        if not is_first():
            return open_set(out)
        return write(
            canvases,
            job.data.train,
            out,
            by=Encoding(job.codec, desk.workers, spread, desk.work, desk.progress),
            about=about,
            may_vanish=not job.method.balanced,
            ordered=job.method.ordered,
        )


def select(
    data: AnyData,
    out: str | Path,
    *,
    method: str | Method = "pca",
    ipc: int | None = None,
    keep: float | None = None,
    budget: str | Budget | None = None,
    short_classes: ShortClasses = "error",
    size: int | None = None,
    fit: Fit = "squash",
    seed: int = 0,
    spread: Workers | None = None,
    **options: Unpack[Options],
) -> ChosenList:
    """List the images that `compress` would choose with the same options, in the new folder `out`.

    `selection.parquet` has one row for each image, class by class and in order of choice, with its
    provenance in the schema's metadata. `selection.txt` has one id per line in the same order, and
    `selection.json` the provenance. A mosaic lists the image of every tile. `size` and `fit` are
    those at which a method's observer sees the images. Raises the errors of `compress`.
    """
    out, asked = Path(out), one_budget(ipc, keep, budget)
    if asked.limit is not None:
        raise ValueError(
            f"{asked} was given, but a list of images has no image files that take bytes. Needed a "
            "number of images. Give ipc=N or keep=SHARE, or write the set."
        )
    desk = desk_for(**options)
    order = Order(method, asked, short_classes, size, fit, seed, spread=spread)
    job = begin(data, out, order, desk, pixels=False)
    with keeping(desk.work):
        selection = job.method.choose(job.seen, job.wanted, seed=job.order.seed)
    source, about = job.data.train, job.about({})
    with first_before_others():
        if not is_first():
            return ChosenList.of_selection(out, selection, source, about)
        return write_list(selection, source, out, about=about, size=job.seen.images.size)


def _filled(job: Job, limit: int) -> tuple[Job, Canvases, Mapping[str, str]]:
    """Return the job that wants as many canvases as fit into `limit` bytes, and the canvases.

    If the images ran out before the bytes, a note for the manifest says so. Raises NoRoom if not
    even one image of each class fits.
    """
    sizes = Sizes(Encoding(job.codec, job.desk.workers, job.order.spread, job.desk.work))
    ways = job.method.under_bytes(size=job.seen.images.size)
    each = 1 if job.method.balanced else len(job.have)
    for method, enough in ways:
        tries = _Tries(replace(job, method=method), sizes)
        most = method.most(job.have, short_classes=job.order.short_classes)
        least = enough * each if most is None else min(enough * each, most)
        if method is ways[-1][0] or tries.bytes_of(least) <= limit:
            break
    number, one = most_within(limit, most, tries.bytes_of)
    if not number:
        of_each = " of each class" if job.method.balanced else ""
        raise NoRoom(
            f"{job.order.budget} has no room for one image{of_each}, which takes {one:,} bytes as "
            f"{job.codec}. Give {Bytes(one)} or more, smaller images, or another codec.",
            spec=job.known.spec,
            codec=str(job.codec),
        )
    notes = {} if number != most else {"bytes_left": _used_up(job, number)}
    return *tries.taken(number), notes


def _used_up(job: Job, number: int) -> str:
    """Say why a set cannot have more than `number` canvases of each class, or in all."""
    if not job.method.balanced:
        return f"the method takes no more than {number:,} of these images"
    least = int(np.argmin(job.have))
    few = f"the smallest class, {job.data.train.classes.names[least]!r}, has {job.have[least]:,}"
    more = "; with --short-classes keep, larger classes give more"
    unequal = job.order.short_classes == "error" and job.have[least] < max(job.have)
    return f"the method takes no more than {number:,} of each class; {few}{more if unequal else ''}"


@dataclass(frozen=True)
class _Tries:
    """The canvases of a job for each number of canvases that was tried, made once per number."""

    job: Job
    sizes: Sizes
    made: dict[int, Canvases] = field(default_factory=dict)

    def bytes_of(self, number: int) -> int:
        """Return the bytes of `number` canvases of each class, or in all if not balanced."""
        if number not in self.made:
            self.made[number] = self.job.canvases(self.job.wanting(number))
        return self.sizes.total(self.made[number])

    def taken(self, number: int) -> tuple[Job, Canvases]:
        """Return the job that wants this number, and its canvases. Forget the others."""
        for other, canvases in self.made.items():
            if other != number:
                self.sizes.forget(canvases)
        return replace(self.job, wanted=self.job.wanting(number)), self.made[number]
