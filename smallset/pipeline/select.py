"""select(): the images that a method chooses, as a list and without any pixel."""

from pathlib import Path
from typing import Unpack

from smallset.budget import Budget
from smallset.data.work import keeping
from smallset.desk import Options, desk_for
from smallset.exchange.chosen_list import ChosenList, write_list
from smallset.methods import Method
from smallset.parallel import Workers
from smallset.pipeline.choose import begin, job_from
from smallset.pipeline.desk import AnyData, check_place
from smallset.records import Fit
from smallset.train.processes import first_alone, first_before_others, is_first


def select(
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
    seed: int = 0,
    spread: Workers | None = None,
    **options: Unpack[Options],
) -> ChosenList:
    """List the images that `compress` would choose under the same options in the new folder `out`.

    `selection.parquet` has a row an image, class after class and in order of choice, with what made
    it in the schema's metadata; `selection.txt` has their ids in the same order, a line each;
    `selection.json` says what made them. Of a mosaic it lists the image of every tile. `size` and
    `fit` are those at which a method's observer looks. Raises as `compress`.
    """
    out = Path(out)
    first_alone(lambda: check_place(out, data))
    job = job_from(
        method, ipc, keep, budget, short_classes, size=size, fit=fit, seed=seed, codec=None
    )
    desk = desk_for(**options)
    begun = begin(data, job, desk, spread=spread)
    with keeping(desk.work):
        selection = job.method.choose(begun.seen, begun.wanted, seed=job.seed)
    source, about = begun.data.train, begun.about()
    with first_before_others():
        if not is_first():
            return ChosenList.of_selection(out, selection, source, about)
        return write_list(selection, source, out, about=about, size=begun.seen.images.size)
