"""compress(): a dataset in, a small set out; the whole way in one screen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from smallset.data import Data, ImageDataset, fit_boxes
from smallset.data.work import keeping
from smallset.methods import Method, method_from, spec_of
from smallset.parallel import Workers
from smallset.pipeline.desk import check_number, desk_for, observed, open_source, side_of
from smallset.records import Fit, Progress, Selection
from smallset.scores import File, Observed, Observer, Pretrained
from smallset.scores.shards import Shards
from smallset.selection import Pool
from smallset.store import About, Codec, CompressedDataset, Seeds, check_output, open_set, write
from smallset.train.processes import first_alone, first_before_others, is_first


def compress(
    data: str | Path | Data,
    out: str | Path,
    *,
    method: str | Method = "pca",
    ipc: int = 10,
    size: int | None = None,
    fit: Fit = "squash",
    codec: str = "png",
    seed: int = 0,
    precision: str = "auto",
    device: str = "auto",
    workers: int = 0,
    work: Path | None = None,
    cache: bool = True,
    skip_bad: bool = False,
    spread: Workers | None = None,
    progress: Progress | None = None,
) -> CompressedDataset:
    """Compress a dataset into the new folder `out`: `ipc` images of `size` pixels for each class.

    `method` is a spec or a `Method`; `size=None` keeps the side that all the sources share, else
    takes 224; `seed` is the set seed (an observer has its own). `work` keeps what a later call can
    use again (None: the user's cache folder); `cache=False` keeps no pixels there. `spread` are
    workers that draw and make scoring's inference passes; the set is the same. Raises ValueError or
    OSError for whatever is wrong, and then leaves no output.
    """
    out = Path(out)
    first_alone(lambda: check_output(out))
    chosen = method_from(method) if isinstance(method, str) else method
    parsed = Codec.parse(codec)
    check_number("ipc", ipc, least=1, unit="images per class")
    check_number("seed", seed, least=0, unit="a seed")
    desk = desk_for(device, precision, workers, work, progress)
    with first_before_others():
        opened = open_source(data, desk, skip_bad=skip_bad)
    source = opened.train
    side = side_of(source, size)
    boxes = fit_boxes(source.sizes, fit)
    _check_budget(source, chosen, ipc)
    # Lays out nothing, to hear now and not after scoring of a size without room for the tiles.
    chosen.mosaic(Selection(np.empty(0, np.int64)), source.labels, boxes, size=side)
    seen = observed(source, side, fit, desk, cache=cache)
    seen = replace(seen, spread=Shards(spread) if spread else None)
    with keeping(desk.work):
        pool = look(Pool(source.labels, len(source.classes)), chosen, seen)
    observer = chosen.looks_through
    counts = np.full(len(source.classes), ipc * chosen.mosaic.tiles)
    selection = chosen.choose(pool, counts, seed=seed)
    plan = chosen.mosaic(selection, source.labels, boxes, size=side)
    here = desk.machine
    about = About(
        method=method if isinstance(method, str) else spec_of(method),
        spec=spec_of(chosen),
        seeds=Seeds(set=seed, observer=observer.seed if observer else None),
        given=opened.name,
        held_out=opened.held_out,
        fit=fit,
        view=spec_of(chosen.view),
        precision=here.precision if observer else "none",
        device=here.kind if observer else "none",
        made_with=_made_with(chosen, seen),
    )
    with first_before_others():
        if not is_first():
            return open_set(out)
        return write(
            plan,
            source,
            out,
            codec=parsed,
            about=about,
            workers=workers,
            spread=spread,
            progress=progress,
        )


def look(pool: Pool, method: Method, seen: Observed) -> Pool:
    """Give the pool with what a method's choice rests on: scores, features, probabilities."""
    if method.select.needs_features:
        assert method.looks_through is not None
        features = seen.features(method.looks_through)
        pool = replace(pool, features=lambda: features)
    if method.score is None:
        return pool
    pool, own = replace(pool, values=method.score(seen)), method.score.observer
    if not isinstance(own, Observer):  # no training whose probabilities could be read
        return pool
    dynamics = seen.dynamics(own)
    return replace(
        pool,
        probability=lambda: dynamics.reduced(lambda loss: np.exp(-loss).mean(0), "loss"),
    )


def _made_with(method: Method, seen: Observed) -> dict[str, str]:
    """Say what the choice rests on, besides the data and the method."""
    made, observer, here = {}, method.looks_through, seen.machine
    if observer is not None:
        made["observer"] = spec_of(observer.resolved(size=seen.images.size))
        made["threads"] = str(here.threads)
        made["torch"] = torch.__version__
        if here.processes > 1:
            made["processes"] = str(here.processes)
    if isinstance(observer, Pretrained):
        made["observer_sha256"] = seen.given(observer).sha256
    if isinstance(method.score, File):
        made["scores_sha256"] = method.score.sha256()
    return made


def _check_budget(data: ImageDataset, method: Method, ipc: int) -> None:
    """Refuse an ipc that some class cannot fill, before anything costly starts."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    poorest, tiles = int(counts.argmin()), method.mosaic.tiles
    have = int(counts[poorest])
    if have < ipc * tiles:
        layout = f" with {spec_of(method.mosaic)}" if tiles > 1 else ""
        fits = f"ipc<={have // tiles}" if have >= tiles else "more images of that class"
        raise ValueError(
            f"ipc={ipc}{layout} needs {ipc * tiles} images per class, but "
            f"{data.classes.names[poorest]!r} has {have}. Use {fits}"
            f"{' or a smaller factor' if tiles > 1 else ''}."
        )
