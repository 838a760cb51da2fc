"""A matrix: a TOML file that lists methods, data, students, labels and replicates to combine.

Methods and teachers are specs, as on the command line:

    title = "CIFAR-10"
    main = ["random", "PCA"]                  # rows that run first (default: all)

    [methods]                                 # label in the tables -> spec
    random = "random"
    PCA = "pca"

    [teachers]                                # name -> spec; {data} is the data folder
    resnet20 = "resnet20(weights={data}/weights/resnet20.th, shortcut=a, size=32, classes=same)"
    own = "train(model=resnet18-3x3, epochs=30)"   # trained here, on the table's full data

    [[table]]                                 # every combination of what is listed
    title = "CIFAR-10, ConvNet-D3"
    data = "cifar10"
    size = 32                                 # pixels; default: the side of all images, else 224
    ipc = [1, 10]                             # or keep = [0.1, 0.3], shares of each class,
                                              # or budget = ["ipc=1", "keep=0.1"]
    students = ["convnet-d3"]
    methods = ["random", "PCA"]
    codec = "png"                             # the default; a method may name its own
    labels = ["hard", "online(own)"]          # default ["hard"]; a teacher by name, or as a spec
    protocols = ["auto"]                      # the default: by the size of the set; or another
                                              # length: "small-v1(epochs=30)", "small-v1(steps=600)"
    replicates = 10                           # replicate r: set seed r, student seed r ...
    observers = 3                             # ... and observer seed r % observers (default 3);
                                              # (a ready network has no seed)
    full = {epochs = 10}                      # also each student once on all training images
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from smallset.bench import shipped
from smallset.bench.checks import (
    check_different,
    check_known,
    check_methods,
    check_names,
    check_sizes,
)
from smallset.bench.sweep import FULL, Full, Sweep, Word, Words
from smallset.bench.teachers import check_spec
from smallset.bench.toml_table import TableText, keys_meant
from smallset.labels import Regime, labels_from
from smallset.methods import Method, method_from, spec_of
from smallset.observers import Observer
from smallset.spec import nearest

_BUDGETS = ("ipc", "keep", "budget")
_Specs = Annotated[dict[str, str], Meta(description='a table of lines such as name = "spec"')]


@dataclass(frozen=True)
class _File:
    """The top level of a matrix file."""

    title: Word
    methods: _Specs
    table: Annotated[
        list[dict[str, object]], Meta(min_length=1, description="one [[table]] or more")
    ]
    teachers: _Specs = field(default_factory=dict)
    main: Words | None = None


@dataclass(frozen=True)
class Matrix:
    """A matrix as its file writes it. `methods` maps labels to specs, `teachers` names to specs."""

    title: str
    methods: Mapping[str, str]
    teachers: Mapping[str, str]
    sweeps: tuple[Sweep, ...]
    main: tuple[str, ...]

    def method(self, label: str, observer: int = 0) -> Method:
        """Return the method of a label, with `observer` as the seed of its observer.

        A ready network has no seed and stays as it is.
        """
        method = method_from(self.methods[label])
        looks = method.looks_through
        if not isinstance(looks, Observer):
            return method
        return method.through(replace(looks, seed=observer))

    def regime(self, labels: str) -> Regime:
        """Return the regime of a table's labels, with a teacher's name replaced by its spec."""
        regime = labels_from(labels)
        teacher = self.teachers.get(regime.teacher_spec or "")
        return regime if teacher is None else regime.taught_by(teacher)

    @property
    def labels(self) -> dict[str, str]:
        """The label of each canonical spec (observer seed 0), which names the rows of a table.

        A label has several specs if its tables have different sizes, and its observer uses another
        network at each size. Compare these specs and the spec of a result by
        `report.rows.method_key`.
        """
        return {s: label for label in self.methods for s in self.specs(label)} | {FULL: FULL}

    def spec(self, label: str, size: int | None) -> str:
        """Return the canonical spec of a label (observer seed 0) at an image size in pixels.

        If `size` is None, the observer's network stays as the matrix spells it.
        """
        method = self.method(label)
        return spec_of(method if size is None else method.resolved(size=size))

    def specs(self, label: str) -> tuple[str, ...]:
        """Return the specs of a label, one for each size of the tables that use the label.

        If no table uses the label, the sizes are those of all tables.
        """
        own = [table.size for table in self.sweeps if label in table.methods]
        sizes = own or [table.size for table in self.sweeps]
        return tuple(dict.fromkeys(self.spec(label, size) for size in sizes))

    def sized(self, size_of: Callable[[Sweep], int | None]) -> "Matrix":
        """Return the matrix with `size_of(table)` as the size of each table.

        If that is None, the data decides (see `BenchData.size`).
        """
        sweeps = (replace(sweep, size=size_of(sweep)) for sweep in self.sweeps)
        return replace(self, sweeps=tuple(sweeps))


def matrix_text(name: str | Path) -> str:
    """Return the text of a shipped matrix by its name, or of a file.

    Raises FileNotFoundError if there is neither, and ValueError if the file is not text.
    """
    if str(name) in shipped():
        entry = resources.files("smallset.bench") / "matrices" / f"{name}.toml"
        return entry.read_text(encoding="utf-8")
    path = Path(name)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no matrix {str(name)!r}: needed the name of a shipped matrix, or a file. "
            f"{nearest(str(name), shipped())}"
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"'{path}' is not a text file ({error}). Give a TOML file, as in the documentation."
        ) from error


def read_matrix(name: str | Path) -> Matrix:
    """Read a shipped matrix by its name, or a file in the format at the top of this module.

    Raises FileNotFoundError if there is neither. Raises ValueError, with the line if it is known,
    for bad TOML, an unknown or missing key, a value of a wrong type, or an unknown name.
    """
    return parse_matrix(matrix_text(name), str(name))


def parse_matrix(text: str, name: str) -> Matrix:
    """Read a matrix from its text. Raises ValueError like `read_matrix`, with `name` in front."""
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or int()'s own error for a very long number
        raise ValueError(f"{name}: {error}. A matrix is a TOML file. Correct the line.") from error
    except RecursionError as error:
        raise ValueError(
            f"{name}: its brackets are nested too deep to read. A matrix has only lists of words "
            "and numbers. Correct the file."
        ) from error
    top = TableText(name, text)
    if isinstance(values.get("table"), dict):  # a single table may be written as [table]
        values["table"] = [values["table"]]
    tables = values["table"] if isinstance(values.get("table"), list) else []
    parts = top.each("table", len(tables))
    _check_keys(values, tables, top, parts)
    file = top.read(values, _File)
    methods, teachers = file.methods, file.teachers
    check_methods(methods, top)
    for teacher, spec in teachers.items():
        if list(teachers.values()).count(spec) > 1:
            raise ValueError(
                f"{top.where(teacher)}: the teacher {spec!r} has two names. Keep one of them."
            )
        with top.at(teacher, f"teacher {teacher!r}: "):
            check_spec(spec)
    sweeps = tuple(
        _sweep(table, part, methods, teachers)
        for table, part in zip(file.table, parts, strict=True)
    )
    main = tuple(methods) if file.main is None else file.main
    check_different({"main": main}, top)
    check_known(main, methods, "method", top)
    titles = [sweep.title for sweep in sweeps]
    for title in titles:
        if titles.count(title) > 1:
            raise ValueError(
                f"{top.where(title)}: two tables are called {title!r}. Give each its own title."
            )
    matrix = Matrix(file.title, methods, teachers, sweeps, main)
    check_sizes(sweeps, top)
    for label, problem in same_methods(matrix):
        raise ValueError(f"{top.where(label)}: {problem}")
    return matrix


def _sweep(
    values: Mapping[str, object],
    lines: TableText,
    methods: Mapping[str, str],
    teachers: Mapping[str, str],
) -> Sweep:
    sweep = lines.read(values, Sweep)
    check_different(vars(sweep), lines)
    check_known(sweep.methods, methods, "method", lines)
    check_names(sweep, lines)
    for labels in sweep.labels:
        with lines.at(labels, f"labels {labels!r}: "):
            teacher = labels_from(labels).teacher_spec
            if teacher is not None and "(" in teacher:
                check_spec(teacher)
        if teacher is not None and "(" not in teacher:
            check_known((teacher,), teachers, "teacher", lines)
    return sweep


def _check_keys(
    values: Mapping[str, object],
    tables: Sequence[object],
    top: TableText,
    parts: Sequence[TableText],
) -> None:
    """Raise ValueError with one line for each key that is misspelt, missing or superfluous."""
    problems = top.wrong_keys(values, _File)
    for table, lines in zip(tables, parts, strict=True):
        if not isinstance(table, dict):
            continue  # the type check reports it
        problems += lines.wrong_keys(table, Sweep)
        there = keys_meant(table, Sweep)
        if len(given := [key for key in _BUDGETS if key in there]) != 1:
            problems.append(
                f"{lines.where('keep')}: a table has one of ipc = [1, 10], keep = [0.1, 0.3] and "
                f'budget = ["ipc=10"], but this one has {" and ".join(given) or "none"}. '
                "Give one of them."
            )
        full = table.get(FULL, {"epochs": 1})
        if not isinstance(full, dict):
            raise ValueError(
                f"{lines.where(FULL)}: full = {full!r}, but it must be one table, as "
                "full = {epochs = 10}."
            )
        problems += lines.inside(FULL).wrong_keys(full, Full)
    if len(problems) > 1:
        said = "".join(f"\n  {problem}" for problem in problems)
        raise ValueError(
            f"{top.name} has {len(problems)} wrong or missing keys. Correct all of them:{said}"
        )
    if problems:
        raise ValueError(problems[0])


def same_methods(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Yield each label that has the same method as an earlier label, and a sentence about both.

    Two labels of one method would share their cells.
    """
    labels: dict[str, str] = {}
    for label, text in matrix.methods.items():
        for spec in matrix.specs(label):
            other = labels.setdefault(spec, label)
            if other != label:
                yield (
                    label,
                    f"the methods {other!r} and {label!r} are the same, {text!r}. Leave one out.",
                )
