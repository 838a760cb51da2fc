"""Impossible cells, found before anything runs, all of them at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from smallset.bench.matrix import AUTO, Matrix, Sweep, same_methods
from smallset.bench.sources import BenchData, Places, open_source
from smallset.bench.teachers import check_teacher
from smallset.budget import Budget
from smallset.labels import Regime
from smallset.models import build_model, load_teacher, weights_sha256
from smallset.models.spec import read_model
from smallset.observers import Observer, Pretrained
from smallset.pipeline.desk import side_of
from smallset.store import Codec
from smallset.train.protocol import protocol_named
from smallset.train.run import check_moments

_SHOWN = 50


@dataclass(frozen=True)
class Checked:
    """A matrix's opened data, and the sha256 of all weights that it names, by who names them.

    The keys are specs of networks, "teacher SPEC", whose sha256 is `check_teacher`'s, "observer
    SPEC" of a network that is given, and "scores PATH".
    """

    sources: dict[str, BenchData]
    weights: dict[str, str]


def check_matrix(
    matrix: Matrix,
    places: Places,
    *,
    only: str = "",
    work: Path,
    drop_leaks: bool = False,
    workers: int = 0,
) -> Checked:
    """Open every data set of the matrix, after making sure that every cell can be computed.

    Only tables whose title holds `only` must be possible; data of the others is opened where it is
    at hand. Raises ValueError with all that is impossible, a line each: data that is not there, a
    class that cannot fill an ipc, a size without room for tiles or network, a student without its
    library or weights, a teacher that cannot be loaded or whose classes don't map.
    """
    checked = Checked({}, {})
    found: dict[str, None] = {}  # in order, each once
    for table in matrix.sweeps:
        try:
            if table.data not in checked.sources:
                source = open_source(
                    table.data, places, work=work, drop_leaks=drop_leaks, workers=workers
                )
                checked.sources[table.data] = source
        except (ValueError, OSError) as error:
            if only in table.title:
                found[f"data {table.data!r}: {error}"] = None
        if only in table.title:
            for problem in _table(matrix, table, places, checked):
                found[f"{table.title}: {problem}"] = None
    for label, problem in same_methods(_sized(matrix, checked)):
        found[f"method {label!r}: {problem}"] = None
    if found:
        lines = [f"  {line}" for line in list(found)[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        raise ValueError(
            f"{matrix.title!r} has {len(found)} impossible "
            f"{'entry' if len(found) == 1 else 'entries'}; nothing was run. Mend the matrix, give "
            "what is missing, or leave those tables out with --only:\n" + "\n".join(lines)
        )
    return checked


def _sized(matrix: Matrix, checked: Checked) -> Matrix:
    """Return the matrix with the size of every table whose data is at hand."""
    sizes = {name: source.size for name, source in checked.sources.items()}
    tables = (
        replace(table, size=sizes[table.data](table.size)) if table.data in sizes else table
        for table in matrix.sweeps
    )
    return replace(matrix, sweeps=tuple(tables))


def _table(matrix: Matrix, table: Sweep, places: Places, checked: Checked) -> Iterator[str]:
    """Say what is impossible in one table, a sentence each; note the teachers that were loaded."""
    source = checked.sources.get(table.data)
    if source is None:
        return
    classes, size = source.data.train.classes, source.size(table.size)
    for student in table.students:
        yield from _student(student, table, checked, size=size, classes=len(classes))
    for labels in table.labels:
        check = partial(_labels, matrix.regime(labels), places, checked, classes.names, size)
        for problem in _said(check):
            yield f"labels {labels!r}: {problem}"
    for label in table.methods:
        yield from _observer(matrix, table, label, checked, source)
        yield from _said(partial(_check_file, matrix, label, checked, source))
        yield from _said(partial(_check_layout, matrix, table, label, source))
        for budget in table.budgets:
            yield from _said(partial(_check_budget, matrix, label, budget, source))


def _student(
    student: str, table: Sweep, checked: Checked, *, size: int, classes: int
) -> Iterator[str]:
    """Say what is impossible with one student; note the weights that it starts from."""
    wrong = _said(partial(_build, student, checked, size=size, classes=classes))
    yield from wrong
    if wrong:
        return
    for name in table.protocols:
        if name == AUTO:
            continue
        if protocol_named(name).pretrained and read_model(student).weights is None:
            yield (
                f"the protocol {name!r} is for a pretrained student, but {student!r} starts from "
                f"fresh weights. Write '{student}(weights=...)', or another protocol."
            )


def _observer(
    matrix: Matrix, table: Sweep, label: str, checked: Checked, source: BenchData
) -> Iterator[str]:
    """Say what is impossible with a method's observer; note the weights that it starts from."""
    observer = matrix.method(label).looks_through
    if observer is None:
        return
    if isinstance(observer, Pretrained):
        check = partial(_load, observer, source.size(table.size), checked, source)
    else:
        check = partial(_build_observer, observer, source.size(table.size), checked, source)
    for problem in _said(check):
        yield f"the observer of {label!r}: {problem}"


def _build_observer(observer: Observer, size: int, checked: Checked, source: BenchData) -> None:
    model, train = observer.resolved(size=size).model, source.data.train
    _build(model, checked, size=size, classes=len(train.classes))
    check_moments(len(train), observer.protocol, observer.snapshots)


def _load(observer: Pretrained, size: int, checked: Checked, source: BenchData) -> None:
    classes = source.data.train.classes.names
    loaded = load_teacher(observer.network, classes=classes, size=size)
    checked.weights[f"observer {observer.network}"] = loaded.sha256


def _check_file(matrix: Matrix, label: str, checked: Checked, source: BenchData) -> None:
    """Raise ValueError where a method's scores are not of this data; note their sha256."""
    for path, sha256 in matrix.method(label).files(source.data.train).items():
        checked.weights[f"scores {path}"] = sha256


def _build(model: str, checked: Checked, *, size: int, classes: int) -> None:
    build_model(model, classes=classes, size=size, seed=0)
    file = weights_sha256(model)
    if file is not None:
        checked.weights[model] = file


def _labels(
    regime: Regime, places: Places, checked: Checked, classes: tuple[str, ...], size: int
) -> None:
    """Raise ValueError or OSError if labels cannot be had; note the teacher that was loaded."""
    spec = regime.teacher_spec
    if spec is None:
        places.filled(regime).check()
    else:
        checked.weights[f"teacher {spec}"] = check_teacher(spec, places, classes=classes, size=size)


def _said(check: Callable[[], object]) -> list[str]:
    """Give the sentence with which a check fails, if it does."""
    try:
        check()
    except (ValueError, OSError) as error:
        return [str(error)]
    return []


def _check_layout(matrix: Matrix, table: Sweep, label: str, source: BenchData) -> None:
    train = source.data.train
    matrix.method(label).check(
        train, size=side_of(train, table.size), fit=table.fit, codec=Codec.parse(table.codec)
    )


def _check_budget(matrix: Matrix, label: str, budget: Budget, source: BenchData) -> None:
    try:
        names = source.data.train.classes.names
        matrix.method(label).wanted(budget, source.class_counts, names)
    except ValueError as error:
        raise ValueError(f"{label!r}: {error}") from error
