"""analyze(): say what is known of sets besides the accuracy of their students."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Unpack

from smallset.analysis import ANALYSES
from smallset.analysis.material import Analysis, Finding, Material
from smallset.analysis.subject import of_set, of_split
from smallset.analysis.text import shown
from smallset.data import Data
from smallset.desk import Desk, Options, desk_for
from smallset.evidence.lines import append_line, check_place, read_lines
from smallset.exchange.naming import check_classes
from smallset.exchange.set_data import AnyData, check_unseen, open_any
from smallset.files import at_home
from smallset.observers import OBSERVERS, AnyObserver, Observer, Pretrained
from smallset.pipeline.desk import observed, side_of
from smallset.pipeline.foreign import Reading, training_set
from smallset.records import Fact, Fit, Result
from smallset.spec import build, nearest
from smallset.store import CompressedDataset, TrainingSet

AnySet = str | Path | CompressedDataset
"""A set of `analyze`: a folder, "hf:owner/name", or an opened set."""


def analyze(
    sets: Sequence[AnySet],
    data: AnyData,
    *,
    observers: str | Sequence[str] = (),
    what: Sequence[str] | None = None,
    results: str | Path | Sequence[str | Path] | None = None,
    out: str | Path | None = None,
    splits: bool = True,
    view: str | None = None,
    factor: int | None = None,
    size: int | None = None,
    classes: str | Path | None = None,
    told: Callable[[Finding], None] | None = None,
    **options: Unpack[Options],
) -> list[Fact]:
    """Analyse sets and, unless `splits` is False, the training and the held-out images of the data.

    `observers` are specs of the networks that look: `observer(...)`, a network with its weights, or
    a folder that `train` made. `what` names entries of `ANALYSES` (None: all, but `accuracy` only
    if there are `results`). `results` are files of students' results, which `accuracy` compares
    with the facts. `view`, `factor`, `size` and `classes` are those of `evaluate`, for sets without
    a manifest. Observers see all images at the side of the first set, or else of the data.

    Each finding is passed to `told`, and its facts are appended to the file `out` unless they are
    there already. The other options are those of `smallset.desk.Options`.

    Raises ValueError if an argument is wrong or missing, if an observer lacks a class of the data,
    or if a set has other classes or contains held-out images. Raises OSError if a file cannot be
    read or written.
    """
    texts = [observers] if isinstance(observers, str) else list(observers)
    eyes = tuple(_observer(text) for text in texts)
    files = [results] if isinstance(results, str | Path) else list(results or ())
    chosen = _chosen(what, eyes, files)
    if len({*map(_name, sets)}) < len(sets) or len(set(eyes)) < len(eyes):
        raise ValueError(
            f"the sets {list(map(_name, sets))} or the observers {texts} name one of them "
            "twice. Give each once."
        )
    if not sets and not splits:
        raise ValueError(
            "there is nothing to analyse: no set was given, and splits=False leaves out the data. "
            "Give at least one set."
        )
    target = None if out is None else at_home(out)
    known: list[Fact] = []
    if target is not None:
        for one in sets:
            path = one.path if isinstance(one, CompressedDataset) else at_home(one)
            check_place(target, outside=path)
        known = read_lines(target, Fact)
    lines = [line for file in files for line in _results(at_home(file))]
    desk = desk_for(**options)
    reading = Reading(view, factor, size, None if classes is None else Path(classes))
    opened, source = _open(sets, data, desk, reading)
    side = opened[0].facts.size if opened else side_of(source.train, size)
    fit: Fit = opened[0].facts.fit if opened else "squash"
    seen = observed(source.train, side, fit, desk)
    for eye in eyes:
        seen.check(eye)
    material = Material(
        data=source,
        sets=tuple(
            of_set(made, source, desk, name=shown(_name(given)))
            for made, given in zip(opened, sets, strict=True)
        ),
        train=of_split(source.train, source, side, fit, desk),
        held_out=of_split(source.test, source, side, fit, desk),
        observers=eyes,
        seen=seen,
        splits=splits,
        results=lines,
    )
    facts: list[Fact] = []
    for finding in chain.from_iterable(analysis()(material) for analysis in chosen):
        facts += finding.facts
        for fact in finding.facts:
            if target is not None and fact not in known:
                append_line(target, fact)
        if told is not None:
            told(finding)
    return facts


def _open(
    sets: Sequence[AnySet], data: AnyData, desk: Desk, reading: Reading
) -> tuple[list[TrainingSet], Data]:
    """Open all sets, and the data if no set without a manifest has opened them.

    Raises ValueError for sets of other classes and for sets that hold held-out images.
    """
    opened = []
    for given in sets:
        made, data = training_set(given, data, desk, reading)
        opened.append(made)
    called = data.name if isinstance(data, Data | CompressedDataset) else str(data)
    for made in opened:
        fits = partial(check_classes, made.facts.classes, data=called)
        data = open_any(data, desk, fits=fits)
    source = open_any(data, desk)
    for made in opened:
        check_unseen(made, source)
    return opened, source


def _name(given: AnySet) -> str:
    return given.name if isinstance(given, CompressedDataset) else str(given)


def _observer(text: str) -> AnyObserver:
    """Read an observer: a spec, or the folder of a trained network."""
    found: AnyObserver = (
        Pretrained(text) if at_home(text).is_dir() else build(text, Observer, {Observer: OBSERVERS})
    )
    found.check_files()
    return found


def _chosen(
    what: Sequence[str] | None, eyes: Sequence[AnyObserver], results: Sequence[str | Path]
) -> list[type[Analysis]]:
    """Return the analyses to make. Raises ValueError if one is unknown or lacks its input."""
    if what is not None and not what:
        raise ValueError(
            f"no analysis was asked for. Needed one at least. Known: {', '.join(ANALYSES)}."
        )
    wanted = list(dict.fromkeys(ANALYSES if what is None else what))
    for name in wanted:
        if name not in ANALYSES:
            raise ValueError(f"there is no analysis {name!r}. {nearest(name, ANALYSES)}")
    joining = [name for name in wanted if ANALYSES[name].joins]
    if what is not None and results and not joining:
        raise ValueError(
            f"the results {', '.join(map(str, results))!r} were given, but none of "
            f"{', '.join(what)} uses them. Leave them out, or ask for accuracy too."
        )
    if what is not None and joining and not results:
        raise ValueError(
            f"the analysis {joining[0]!r} compares a set with its students, but no results were "
            "given. Give --results FILE, as `smallset evaluate` wrote it."
        )
    looking = [name for name in wanted if ANALYSES[name].looks]
    if looking and not eyes:
        raise ValueError(
            f"no observer was given, but {', '.join(looking)} looks through one. Give --observer "
            "NETWORK, such as resnet20(weights=PATH, classes=FILE), a folder that `smallset train` "
            "made, or observer, which is trained here."
        )
    return [ANALYSES[n] for n in wanted if results or not ANALYSES[n].joins]


def _results(path: Path) -> list[Result]:
    """Read results. Raises FileNotFoundError if there is no such file."""
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file of results {str(path)!r}. Needed one that `smallset evaluate` or "
            "`bench` wrote. Check the path in --results."
        )
    return read_lines(path, Result)
