"""compress(): a dataset in, a small set out; the whole way in one screen."""

from pathlib import Path
from typing import Unpack

from smallset.budget import Budget
from smallset.data.work import keeping
from smallset.desk import Options, desk_for
from smallset.methods import Method
from smallset.parallel import Workers
from smallset.pipeline.choose import begin, job_from
from smallset.pipeline.desk import AnyData, check_place
from smallset.records import Fit
from smallset.store import CompressedDataset, open_set, write
from smallset.train.processes import first_alone, first_before_others, is_first


def compress(
    data: AnyData,
    out: str | Path,
    *,
    method: str | Method = "pca",
    ipc: int | None = None,
    keep: float | None = None,
    budget: str | Budget | None = None,
    short_classes: str = "error",
    size: int | None = None,
    fit: Fit = "squash",
    codec: str = "png",
    seed: int = 0,
    spread: Workers | None = None,
    **options: Unpack[Options],
) -> CompressedDataset:
    """Compress a dataset into the new folder `out`: `ipc` images of `size` pixels for each class.

    `method` is a spec or a `Method`. Instead of `ipc` (10 if nothing is given), `keep` is the
    share of each class's training images that is used, above 0 and at most 1: of n images
    round(keep n), halves up, less what fills no whole canvas of a mosaic, and one canvas at least.
    `short_classes="keep"` lets a class that has fewer images than asked give all whole canvases
    that it has ("error" refuses), which the manifest records. An unbalanced selection takes the sum
    over the classes, from whichever class.

    `size=None` keeps the side that all the sources share, else takes 224; `codec="original"` copies
    the bytes of whole images, which are then read at that size. `seed` is the set seed (an observer
    has its own). `spread` are workers that draw and make scoring's inference passes; the set is the
    same. The other options are those of `smallset.desk.Options`. Raises ValueError or OSError for
    whatever is wrong, and then leaves no output.
    """
    out = Path(out)
    first_alone(lambda: check_place(out, data))
    job = job_from(
        method, ipc, keep, budget, short_classes, size=size, fit=fit, seed=seed, codec=codec
    )
    assert job.codec is not None
    desk = desk_for(**options)
    begun = begin(data, job, desk, spread=spread)
    with keeping(desk.work):
        canvases = job.method.canvases(begun.seen, begun.wanted, seed=job.seed)
    about = begun.about()
    with first_before_others():
        if not is_first():
            return open_set(out)
        return write(
            canvases,
            begun.data.train,
            out,
            codec=job.codec,
            about=about,
            workers=desk.workers,
            spread=spread,
            work=desk.work,
            may_vanish=not job.method.balanced,
            progress=desk.progress,
        )
