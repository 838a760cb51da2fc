"""evaluate(): train students on a set, test them on held-out data, and write a result for each."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Unpack, cast

import numpy as np

from smallset.cell import Cell, load_pixels, train_and_test, views_an_epoch
from smallset.data import Data
from smallset.desk import Options, desk_for
from smallset.evidence.lines import append_line, check_place, read_lines
from smallset.exchange.naming import check_classes
from smallset.exchange.set_data import AnyData, check_held_out, check_unseen, open_any
from smallset.files import at_home
from smallset.labels import labels_from
from smallset.models import check_model
from smallset.numbers import whole
from smallset.pipeline.foreign import Reading, training_set
from smallset.records import Result
from smallset.store import CompressedDataset
from smallset.train.processes import first_alone, first_before_others, is_first
from smallset.train.protocol import protocol_for
from smallset.train.shown import Images


def evaluate(
    set: str | Path | CompressedDataset,
    data: AnyData,
    *,
    student: str | None = None,
    protocol: str | None = None,
    labels: str = "hard",
    teacher: str | None = None,
    view: str | None = None,
    factor: int | None = None,
    size: int | None = None,
    classes: str | Path | None = None,
    seeds: int | Sequence[int] = 3,
    results: str | Path | None = None,
    told: Callable[[Result], None] | None = None,
    **options: Unpack[Options],
) -> list[Result]:
    """Train students on a compressed set and test them on the held-out data.

    `labels` is the spec of a label regime, such as `hard` or `online(teacher=SPEC)`. `teacher` is
    for a spec that leaves its teacher out. A teacher's accuracy on the held-out images is measured
    too.

    `set` is a folder that `compress` or `export` made, or a set without a manifest: a folder of
    class folders, a parquet folder or "hf:owner/name". `view`, `factor`, `size` and `classes` are
    only for sets without a manifest. `view` (default canvas) and `factor` (tiles per side, for the
    patch view) say how to train. `size` is the side in pixels (default: that of all its images).
    `classes` is a JSON file {"names": [...], "wnids": [...]}. The file is needed if the set names
    its classes by words and the data by WordNet ids, or the other way round.

    `seeds` is the number of students, or a list of student seeds. `student=None` is resnet18-3x3 up
    to 64 px and resnet18 above. Each finished student is appended to the file `results` and passed
    to `told`. A student whose fingerprint is in the file already is not trained again. If there are
    several processes (`smallset.train.processes`), only the first tests, writes and calls `told`.
    The other options are those of `smallset.desk.Options`. `skip_bad` and `drop_leaks` must be as
    they were when the set was made.

    Raises ValueError or OSError if anything is wrong, for example if the set contains held-out
    images, and FloatingPointError if the loss diverges.
    """
    if student is not None:
        check_model(student)
    regime = labels_from(labels, teacher)
    listed = seeds if np.ndim(seeds) else range(whole("seeds", seeds))
    wanted = [whole("seeds", seed) for seed in cast("Iterable[object]", listed)]
    if not wanted or min(wanted) < 0:
        raise ValueError(f"seeds={seeds} trains no student. Give how many, at least 1.")
    if len(wanted) > len({*wanted}):
        raise ValueError(
            f"seeds={seeds} names a student twice, which would count as two. Give each seed once."
        )
    desk = desk_for(**options)
    reading = Reading(view, factor, size, None if classes is None else Path(classes))
    target = None if results is None else Path(results)
    if target:
        check_place(
            target, outside=set.path if isinstance(set, CompressedDataset) else at_home(set)
        )
    finished = first_alone(lambda: read_lines(target, Result) if target else [])
    regime.check()
    with first_before_others():
        opened_set, data = training_set(set, data, desk, reading)
    name = student or ("resnet18-3x3" if opened_set.facts.size <= 64 else "resnet18")
    images, views = opened_set.facts.images, views_an_epoch(opened_set)
    chosen = protocol_for(protocol, images=images, views=views)
    known = {r.fingerprint: r for r in finished}
    opened_labels = regime.open(opened_set, chosen)
    with first_before_others():
        # Check the classes first, before the images are hashed and decoded.
        called = data.name if isinstance(data, Data | CompressedDataset) else str(data)
        fits = partial(check_classes, opened_set.facts.classes, data=called)
        source = open_any(data, desk, fits=fits)
    check_held_out(source)
    check_unseen(opened_set, source)
    cell = Cell(opened_set, source, name, chosen, desk.machine, opened_labels)
    pixels: tuple[Images, Images] | None = None
    made = []
    for number, seed in enumerate(wanted):
        fingerprint = cell.fingerprint(seed)
        if fingerprint not in known:
            if pixels is None:
                with first_before_others():
                    pixels = load_pixels(cell, desk)
            place = number, len(wanted)
            known[fingerprint] = train_and_test(cell, seed, *pixels, desk, place=place)
            if target and is_first():
                append_line(target, known[fingerprint])
        made.append(known[fingerprint])
        if told is not None and is_first():
            told(made[-1])
    return made
