"""What every verb settles first: where the work is done, the data, and how large it is drawn."""

from numbers import Integral
from pathlib import Path

import numpy as np
import platformdirs
import torch

from smallset.cell import Desk
from smallset.data import Data, ImageDataset, LaterPixels, Pixels, open_data, pixel_cache
from smallset.data.work import check_work
from smallset.methods import spec_of
from smallset.models import check_teacher_files
from smallset.records import Fit, Progress
from smallset.scores import AnyObserver, File, Observed, Pretrained, Score
from smallset.scores.observed import RECORDS_VERSION
from smallset.train.device import machine

# Beyond about this side Pillow takes an image for a decompression bomb.
_LARGEST_SIDE = 8192


def desk_for(
    device: str, precision: str, workers: int, work: Path | None, progress: Progress | None
) -> Desk:
    """Settle the machine and the work folder (None: the user's cache folder)."""
    here = machine(device=device, precision=precision, workers=workers)
    folder = Path(work) if work else platformdirs.user_cache_path("smallset")
    check_work(folder)
    return Desk(here, folder, workers, progress)


def check_files(score: Score | None, observer: AnyObserver | None) -> None:
    """Raise, before any data is opened, as a score and its observer do for files they cannot use.

    Somebody's own score or observer is heard of when it is used.
    """
    if isinstance(score, File):
        score.check_file()
    if isinstance(observer, Pretrained):
        check_teacher_files(observer.network)


def open_source(data: str | Path | Data, desk: Desk, *, skip_bad: bool) -> Data:
    """Open what the user named; data that is open already stays as it is."""
    if isinstance(data, Data):
        return data
    return open_data(
        data, work=desk.work, skip_bad=skip_bad, workers=desk.workers, progress=desk.progress
    )


def observed(source: ImageDataset, size: int, fit: Fit, desk: Desk, *, cache: bool) -> Observed:
    """Give the training data as a score sees it, at `size` pixels, decoded when it looks."""

    def decoded() -> Pixels:
        return pixel_cache(
            source,
            size,
            view=fit,
            work=desk.work if cache else None,
            workers=desk.workers,
            progress=desk.progress,
        )

    return Observed(
        images=LaterPixels(source.labels, size, decoded),
        labels=source.labels,
        classes=len(source.classes),
        source=f"{source.fingerprint} {source.split} {fit}",
        machine=desk.machine,
        work=desk.work,
        progress=desk.progress,
        dataset=source,
    )


def looked_with(observer: AnyObserver, seen: Observed) -> dict[str, str]:
    """Say what looked: the observer, its network named, and what its numbers depend on here."""
    made = {
        "observer": spec_of(observer.resolved(size=seen.images.size)),
        "records": RECORDS_VERSION,
        "threads": str(seen.machine.threads),
        "torch": torch.__version__,
    }
    if seen.machine.processes > 1:
        made["processes"] = str(seen.machine.processes)
    if isinstance(observer, Pretrained):
        made["observer_sha256"] = seen.given(observer).sha256
    return made


def side_of(data: ImageDataset, size: int | None) -> int:
    """Give the side asked for, else the one all sources share, else 224."""
    if size is not None:
        size = check_number("size", size, least=1, unit="the side in pixels")
        if size > _LARGEST_SIDE:
            raise ValueError(f"size={size} is too large. Give at most {_LARGEST_SIDE} pixels.")
        return size
    sides = np.unique(data.sizes)
    return int(sides[0]) if len(sides) == 1 else 224


def check_number(name: str, value: object, *, least: int, unit: str) -> int:
    """Give a whole number as Python's own. Raises ValueError for another, and below `least`."""
    number = whole(name, value)
    if number < least:
        raise ValueError(f"{name}={value} is too small. Give {unit}, at least {least}.")
    return number


def whole(name: str, value: object) -> int:
    """Give a whole number, numpy's too, as Python's own. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name}={value!r} is no whole number. Give one, such as {name}=1.")
    return int(value)
