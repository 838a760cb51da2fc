"""compress(), score() and evaluate(): each verb's whole way in one screen."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import platformdirs
import torch

from smallset.cell import Cell, Desk, load_pixels, train_and_test
from smallset.data import CUT_OFF, Data, ImageDataset, fit_boxes, open_data, pixel_cache
from smallset.data.work import check_work, keeping
from smallset.evidence.results import append_result, check_results, read_results
from smallset.methods import Method, method_from, score_from, spec_of
from smallset.models import check_model
from smallset.records import Fit, Progress, Result, Scores, Selection
from smallset.scores import Observed
from smallset.scores.table import write_scores
from smallset.store import (
    About,
    Codec,
    CompressedDataset,
    Seeds,
    check_classes,
    check_output,
    open_set,
    write,
    writing,
)
from smallset.train import loop
from smallset.train.device import machine
from smallset.train.protocol import protocol_for

# Beyond about this side Pillow takes an image for a decompression bomb.
_LARGEST_SIDE = 8192


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
    progress: Progress | None = None,
) -> CompressedDataset:
    """Compress a dataset into the new folder `out`: `ipc` images of `size` pixels for each class.

    `method` is a spec or a `Method`; `size=None` keeps the side that all the sources share, else
    takes 224; `seed` is the set seed (an observer has its own). `work` keeps what a later call can
    use again (None: the user's cache folder); `cache=False` keeps no pixels there. Raises
    ValueError or OSError for whatever is wrong, and then leaves no output.
    """
    out = Path(out)
    check_output(out)
    chosen = method_from(method) if isinstance(method, str) else method
    parsed = Codec.parse(codec)
    _check_number("ipc", ipc, least=1, unit="images per class")
    _check_number("seed", seed, least=0, unit="a seed")
    desk = _desk(device, precision, workers, work, progress)
    opened = _open(data, desk, skip_bad=skip_bad)
    source = opened.train
    side = _side(source, size)
    boxes = fit_boxes(source.sizes, fit)
    _check_budget(source, chosen, ipc)
    # Lays out nothing, to hear now and not after scoring of a size without room for the tiles.
    chosen.mosaic(Selection(np.empty(0, np.int64)), source.labels, boxes, size=side)
    values, observer = None, None
    if chosen.score is not None and chosen.select.needs_scores:
        with keeping(desk.work):
            values = chosen.score(_observed(source, side, fit, desk, cache=cache))
        observer = chosen.score.observer.resolved(size=side)
    selection = chosen.select(
        values,
        source.labels,
        classes=len(source.classes),
        per_class=ipc * chosen.mosaic.tiles,
        seed=seed,
    )
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
        made_with={
            "observer": spec_of(observer),
            "threads": str(here.threads),
            "torch": torch.__version__,
        }
        if observer
        else {},
    )
    return write(plan, source, out, codec=parsed, about=about, workers=workers, progress=progress)


def score(
    data: str | Path | Data,
    out: str | Path,
    *,
    scores: Sequence[str] = ("el2n",),
    size: int | None = None,
    fit: Fit = "squash",
    precision: str = "auto",
    device: str = "auto",
    workers: int = 0,
    work: Path | None = None,
    cache: bool = True,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> dict[str, Scores]:
    """Score every training image and write the table `out` (a new .parquet file).

    The observer run behind a score stays in the work folder, where `compress` finds it when data,
    size, fit, precision, device and threads are the same. Raises as `compress`.
    """
    out = Path(out)
    if out.suffix != ".parquet":
        raise ValueError(
            f"the scores go to a .parquet file, not {str(out)!r}. "
            f"Give for example {str(out / 'scores.parquet')!r}."
        )
    check_output(out)
    scorers = {text: score_from(text) for text in scores}
    desk = _desk(device, precision, workers, work, progress)
    source = _open(data, desk, skip_bad=skip_bad).train
    observed = _observed(source, _side(source, size), fit, desk, cache=cache)
    made = {}
    for text, scorer in scorers.items():
        made_by = {
            "spec": spec_of(scorer),
            "source": source.fingerprint,
            "observer": observed.fingerprint(scorer.observer, 0),
        }
        with keeping(desk.work):
            made[text] = Scores(scorer(observed), made_by)
    with writing(out):
        write_scores(out, made, rows=source.rows, labels=source.labels)
    return made


def evaluate(
    set: str | Path | CompressedDataset,
    data: str | Path | Data,
    *,
    student: str | None = None,
    protocol: str | None = None,
    seeds: int | Sequence[int] = 3,
    results: str | Path | None = None,
    precision: str = "auto",
    device: str = "auto",
    workers: int = 0,
    work: Path | None = None,
    cache: bool = True,
    skip_bad: bool = False,
    progress: Progress | None = None,
    told: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Train students on a compressed set with hard labels and test them on the held-out data.

    `seeds` is a count (0, 1, ...) or the student seeds themselves; they vary the student only.
    `student=None` is resnet18-3x3 up to 64 px and resnet18 above. Each finished student is appended
    to `results` and `told`; one that is in the file already, with the same fingerprint, is not
    trained again. `skip_bad` must be what the set was made with. Raises
    ValueError or OSError for whatever is wrong, FloatingPointError where the loss diverges.
    """
    opened_set = set if isinstance(set, CompressedDataset) else open_set(Path(set))
    size = opened_set.manifest.size
    name = student or ("resnet18-3x3" if size <= 64 else "resnet18")
    check_model(name)
    chosen = protocol_for(protocol, images=len(opened_set))
    wanted = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not wanted or min(wanted) < 0:
        raise ValueError(f"seeds={seeds} trains no student. Give how many, at least 1.")
    desk = _desk(device, precision, workers, work, progress)
    target = None if results is None else Path(results)
    if target:
        check_results(target, outside=opened_set.path)
    known = {r.fingerprint: r for r in read_results(target)} if target else {}
    opened = _open(data, desk, skip_bad=skip_bad)
    check_classes(opened_set.manifest, opened.test.classes, data=opened.name)
    _check_unseen(opened_set, opened)
    cell = Cell(opened_set, opened, name, chosen, desk.machine)
    pixels: tuple[loop.InMemory, loop.Images] | None = None
    made = []
    for seed in wanted:
        fingerprint = cell.fingerprint(seed)
        if fingerprint not in known:
            pixels = pixels or load_pixels(cell, desk, cache=cache)
            known[fingerprint] = train_and_test(cell, seed, *pixels, desk)
            if target:
                append_result(target, known[fingerprint])
        made.append(known[fingerprint])
        if told is not None:
            told(made[-1])
    return made


def _desk(
    device: str, precision: str, workers: int, work: Path | None, progress: Progress | None
) -> Desk:
    here = machine(device=device, precision=precision, workers=workers)
    folder = Path(work) if work else platformdirs.user_cache_path("smallset")
    check_work(folder)
    return Desk(here, folder, workers, progress)


def _open(data: str | Path | Data, desk: Desk, *, skip_bad: bool) -> Data:
    if isinstance(data, Data):
        return data
    return open_data(
        data, work=desk.work, skip_bad=skip_bad, workers=desk.workers, progress=desk.progress
    )


def _observed(source: ImageDataset, size: int, fit: Fit, desk: Desk, *, cache: bool) -> Observed:
    images = pixel_cache(
        source,
        size,
        view=fit,
        work=desk.work if cache else None,
        workers=desk.workers,
        progress=desk.progress,
    )
    return Observed(
        images=images,
        labels=source.labels,
        classes=len(source.classes),
        source=f"{source.fingerprint} {source.split} {fit}",
        machine=desk.machine,
        work=desk.work,
        progress=desk.progress,
    )


def _side(data: ImageDataset, size: int | None) -> int:
    if size is not None:
        _check_number("size", size, least=1, unit="the side in pixels")
        if size > _LARGEST_SIDE:
            raise ValueError(f"size={size} is too large. Give at most {_LARGEST_SIDE} pixels.")
        return size
    sides = np.unique(data.sizes)
    return int(sides[0]) if len(sides) == 1 else 224


def _check_number(name: str, value: int, *, least: int, unit: str) -> None:
    if value < least:
        raise ValueError(f"{name}={value} is too small. Give {unit}, at least {least}.")


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


def _check_unseen(opened_set: CompressedDataset, data: Data) -> None:
    """Refuse held-out images that the set may hold: a cut by content moves when images come in."""
    if data.held_out == CUT_OFF and opened_set.manifest.source.fingerprint != data.fingerprint:
        raise ValueError(
            f"the set was made from another state of the data than {data.name!r} is in, which has "
            "no test split of its own: the 20 % held out now may hold images of the set. "
            "Restore the data, or make the set again."
        )
