"""evaluate(): students trained on a set and tested on held-out data, a result line each."""

from collections.abc import Callable, Sequence
from pathlib import Path

from smallset.cell import Cell, load_pixels, train_and_test
from smallset.data import CUT_OFF, Data
from smallset.evidence.results import append_result, check_results, read_results
from smallset.models import check_model
from smallset.pipeline.desk import desk_for, open_source
from smallset.records import Progress, Result
from smallset.store import CompressedDataset, check_classes, open_set
from smallset.train import loop
from smallset.train.protocol import protocol_for


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
    desk = desk_for(device, precision, workers, work, progress)
    target = None if results is None else Path(results)
    if target:
        check_results(target, outside=opened_set.path)
    known = {r.fingerprint: r for r in read_results(target)} if target else {}
    opened = open_source(data, desk, skip_bad=skip_bad)
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


def _check_unseen(opened_set: CompressedDataset, data: Data) -> None:
    """Refuse held-out images that the set may hold: a cut by content moves when images come in."""
    if data.held_out == CUT_OFF and opened_set.manifest.source.fingerprint != data.fingerprint:
        raise ValueError(
            f"the set was made from another state of the data than {data.name!r} is in, which has "
            "no test split of its own: the 20 % held out now may hold images of the set. "
            "Restore the data, or make the set again."
        )
