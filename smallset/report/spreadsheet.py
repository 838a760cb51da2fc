"""The spreadsheets: all that is known, with a line per method and setting or per class."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from smallset.evidence import Interval, per_class_intervals
from smallset.records import Result
from smallset.report.published import published, published_top1
from smallset.report.regimes import families
from smallset.report.rows import Row
from smallset.report.sections import Section, teacher_name
from smallset.report.table import Heading, Kind, Table, Value, table_of
from smallset.report.yardsticks import Yardstick, twins_of, yardsticks


@dataclass(frozen=True)
class _Line:
    """The subject of a line: a setting's result, a row with its metrics, and one of its classes."""

    first: Result
    row: Row
    metrics: Yardstick = Yardstick()
    ars: float | None = None
    name: str = ""
    accuracy: Interval | None = None

    @property
    def published(self) -> float | None:
        return published_top1(self.row.results[0])

    def tested(self, part: str) -> float | None:
        """Return `p` or `smallest` of the permutation test, None if there is none."""
        return getattr(self.row.permutation, part, None)


_Column = tuple[Heading, Callable[[_Line], Value]]


def spreadsheet(sections: Sequence[Section], full: Sequence[Result]) -> Table:
    """Make the table of every row of every section.

    Accuracies, differences and metrics are fractions. The standard deviation is that of one
    replicate. The teacher is named without the folders of its files.
    """
    lines = []
    family_of = {section.title: family for family in families(sections) for section in family}
    for section in sections:
        measured = yardsticks(section, family_of[section.title], full)
        robust = {pair.row.key: pair.ars for pair in twins_of(section)}
        lines += [
            _Line(section.first, row, measured[row.key], robust.get(row.key))
            for row in section.rows
        ]
    return table_of("", lines, (*_SETTING, *_EVIDENCE))


def classes_sheet(sections: Sequence[Section]) -> Table:
    """Make the table of every class of every row. A class without held-out images has nan."""
    lines = [
        _Line(section.first, row, name=name, accuracy=accuracy)
        for section in sections
        for row in section.rows
        for name, accuracy in zip(
            row.results[0].classes,
            per_class_intervals([r.per_class for r in row.results]),
            strict=True,
        )
    ]
    return table_of("", lines, (*_SETTING, *_CLASS))


def _each(of: str, kind: Kind, *names: str) -> tuple[_Column, ...]:
    return tuple((Heading(name, kind), attrgetter(f"{of}.{name}")) for name in names)


def _published_source(line: _Line) -> Value:
    known = published(line.first)
    return None if known is None or line.published is None else known.source


_SETTING: tuple[_Column, ...] = (
    *_each("first", "text", "dataset", "data_fingerprint"),
    *_each("first", "count", "size", "ipc", "images"),
    *_each("first", "text", "codec", "fit", "student", "protocol", "precision"),
    (Heading("labels"), lambda line: line.first.regime),
    (Heading("teacher"), lambda line: line.first.teacher and teacher_name(line.first.teacher)),
    *_each("first", "share", "teacher_top1"),
    (Heading("method"), lambda line: line.row.label),
)
_EVIDENCE: tuple[_Column, ...] = (
    (Heading("n", "count"), lambda line: line.row.top1.n),
    *_each("row", "interval", "top1"),
    *_each("row", "points", "minus_random"),
    (Heading("p", "p"), lambda line: line.tested("p")),
    (Heading("p_smallest", "p"), lambda line: line.tested("smallest")),
    *_each("row", "p", "p_holm"),
    *_each("row", "count", "replicates_needed"),
    *_each("row", "rank", "rank"),
    (Heading("worst_class", "named share"), lambda line: line.row.worst),
    (Heading("image_bytes", "bytes"), lambda line: line.row.bytes("images")),
    (Heading("label_bytes", "bytes"), lambda line: line.row.bytes("labels")),
    (Heading("teacher_bytes", "bytes"), lambda line: line.row.bytes("teacher")),
    *_each("row", "ratio", "ratio"),
    *_each("row.varied", "count", "sets", "observers", "students"),
    *_each("metrics", "share", "hlr", "ior", "lrs"),
    (Heading("published_top1", "share"), lambda line: line.published),
    (Heading("published_source"), _published_source),
    (Heading("spec"), lambda line: line.row.key),
    (Heading("ars", "score"), lambda line: line.ars),
)
_CLASS: tuple[_Column, ...] = (
    (Heading("class"), lambda line: line.name),
    (Heading("n", "count"), lambda line: line.row.top1.n),
    (Heading("accuracy", "interval"), lambda line: line.accuracy),
    (Heading("spec"), lambda line: line.row.key),
)
