"""compress() and select(): what a method chooses from a dataset, as a set or as a list."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack, get_args

import numpy as np

from smallset.budget import Budget, Bytes, PerClass, Wanted, one_budget
from smallset.data import Data, cores
from smallset.data.work import keeping
from smallset.desk import Desk, Options, desk_for
from smallset.exchange.chosen_list import ChosenList, write_list
from smallset.exchange.set_data import AnyData, made_from, open_any
from smallset.methods import Method, ShortClasses, method_from, spec_of
from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.observers.shards import Shards
from smallset.parallel import Workers
from smallset.pipeline.desk import check_place, observed, side_of
from smallset.pipeline.within import most_within
from smallset.records import Fit
from smallset.store import (
    About,
    Asked,
    Canvases,
    Codec,
    CompressedDataset,
    Seeds,
    Sizes,
    open_set,
    write,
)
from smallset.train.processes import first_alone, first_before_others, is_first


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
    codec: str = "png",
    seed: int = 0,
    spread: Workers | None = None,
    because: Mapping[str, str] | None = None,
    **options: Unpack[Options],
) -> CompressedDataset:
    """Compress a dataset into the new folder `out`: `ipc` images of `size` pixels for each class.

    `method` is a spec or a `Method`. The budget is `ipc` (default 10), or `keep`, the share of each
    class's training images to use, above 0 and at most 1. Of n images, round(keep n) are used
    (halves up), in whole canvases of a mosaic, and at least one canvas. `budget` is any budget as
    text, such as "bytes=230kB": as many canvases as fit, found by encoding. An unbalanced selection
    takes the sum over the classes, from any class. A class with too few images is an error. With
    `short_classes="keep"`, that class gives as many whole canvases as it can, and the manifest
    names the class.

    `size=None` keeps the side that all images share, or else uses 224. `codec="original"` copies
    the bytes of whole images, which are then read at that size. `seed` is the set seed. An observer
    has a seed of its own. `spread` are workers that draw and that make the inference passes of
    scoring; they do not change the set. `because` are further facts for the manifest's `made_with`,
    such as how the method was chosen. The other options are those of `smallset.desk.Options`.

    Raises ValueError or OSError if anything is wrong, and then leaves no output.
    """
    out, parsed = Path(out), Codec.parse(codec)
    asked = one_budget(ipc, keep, budget)
    seed = check_number("seed", seed, least=0, unit="a seed")
    desk = desk_for(**options)
    job = _begin(data, out, method, asked, short_classes, size, fit, parsed, seed, spread, desk)
    with keeping(desk.work):
        if asked.limit is None:
            canvases = job.canvases(job.wanted)
        else:
            job, canvases = _filled(job, asked.limit, parsed, spread)
    about = job.about()
    about = replace(about, made_with={**about.made_with, **(because or {})})
    with first_before_others():
        if not is_first():
            return open_set(out)
        return write(
            canvases,
            job.data.train,
            out,
            codec=parsed,
            about=about,
            workers=desk.workers,
            spread=spread,
            work=desk.work,
            may_vanish=not job.method.balanced,
            progress=desk.progress,
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
    seed = check_number("seed", seed, least=0, unit="a seed")
    desk = desk_for(**options)
    job = _begin(data, out, method, asked, short_classes, size, fit, None, seed, spread, desk)
    with keeping(desk.work):
        selection = job.method.choose(job.seen, job.wanted, seed=seed)
    source, about = job.data.train, job.about()
    with first_before_others():
        if not is_first():
            return ChosenList.of_selection(out, selection, source, about)
        return write_list(selection, source, out, about=about, size=job.seen.images.size)


@dataclass(frozen=True)
class _Job:
    """A job on opened data. Everything is checked that can be checked before scoring.

    `have` are the training images of each class. `known` are the facts about the set that are known
    before scoring.
    """

    method: Method
    data: Data
    seen: Observed
    desk: Desk
    have: list[int]
    budget: Budget
    short_classes: ShortClasses
    wanted: Wanted
    known: About
    seed: int

    def canvases(self, wanted: Wanted) -> Canvases:
        """Make the canvases."""
        return self.method.canvases(self.seen, wanted, seed=self.seed)

    def wanting(self, number: int) -> Wanted:
        """Return what is wanted for a number of canvases of each class, or in all."""
        if self.method.balanced:
            names, short = self.data.train.classes.names, self.short_classes
            return self.method.wanted(PerClass(number), self.have, names, short_classes=short)
        each, rest = divmod(number, len(self.have))
        return Wanted(each + (np.arange(len(self.have)) < rest))

    def about(self) -> About:
        """Return the facts about the set that its manifest needs from the caller."""
        made_with = self.method.facts(self.seen) | made_from(self.data)
        names = self.data.train.classes.names
        asked = Asked(str(self.budget), tuple(names[c] for c in self.wanted.short))
        return replace(self.known, made_with=made_with, asked=asked)


def _begin(
    data: AnyData,
    out: Path,
    method: str | Method,
    budget: Budget,
    short_classes: ShortClasses,
    size: int | None,
    fit: Fit,
    codec: Codec | None,
    seed: int,
    spread: Workers | None,
    desk: Desk,
) -> _Job:
    """Open the data, and raise every error of the job that can be found before scoring.

    A codec of None means that no pixels are written.
    """
    first_alone(lambda: check_place(out, data))
    typed = method if isinstance(method, str) else spec_of(method)
    method = method_from(method) if isinstance(method, str) else method
    if short_classes not in get_args(ShortClasses):
        raise ValueError(f"short_classes={short_classes!r} is not known. Give 'error' or 'keep'.")
    method.check_files()
    with first_before_others():
        opened = open_any(data, desk)
    source, names = opened.train, opened.train.classes.names
    side = side_of(source, size)
    have = np.bincount(source.labels, minlength=len(names)).tolist()
    wanted = method.wanted(budget, have, names, short_classes=short_classes)
    if method.balanced and not wanted.counts.all():
        name = names[int(np.argmin(wanted.counts))]
        raise ValueError(
            f"{budget} leaves no image for the class {name!r}, but every class needs one. "
            "Give a larger budget."
        )
    method.check(source, size=side, fit=fit, codec=codec)
    seen = observed(source, side, fit, desk)
    seen = replace(seen, spread=Shards(spread) if spread else None)
    observer, here = method.looks_through, desk.machine
    known = About(
        method=typed,
        spec=spec_of(method),
        seeds=Seeds(set=seed, observer=observer.seed if observer else None),
        given=opened.name,
        held_out=opened.held_out,
        fit=fit,
        view=spec_of(method.view),
        precision=here.precision if observer else "none",
        device=here.kind if observer else "none",
    )
    return _Job(method, opened, seen, desk, have, budget, short_classes, wanted, known, seed)


def _filled(job: _Job, limit: int, codec: Codec, spread: Workers | None) -> tuple[_Job, Canvases]:
    """Return the job that wants as many canvases as fit into `limit` bytes, and the canvases.

    Raises ValueError if not even one image of each class fits.
    """
    desk = job.desk
    sizes = Sizes(codec, desk.workers or cores(), spread, desk.work)
    tried: dict[int, Canvases] = {}

    def bytes_of(number: int) -> int:
        tried[number] = job.canvases(job.wanting(number))
        return sizes.total(tried[number])

    most = job.method.most(job.have, short_classes=job.short_classes)
    number, one = most_within(limit, most, bytes_of)
    if not number:
        each = "of each class " if job.method.balanced else ""
        raise ValueError(
            f"{job.budget} has no room for one image {each}, which takes {one:,} bytes as {codec} "
            f"at {job.seen.images.size} px. Give {Bytes(one)} or more, a smaller size, or another "
            "codec."
        )
    for other, canvases in tried.items():
        if other != number:
            sizes.forget(canvases)
    return replace(job, wanted=job.wanting(number)), tried[number]
