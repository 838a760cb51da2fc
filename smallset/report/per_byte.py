"""Accuracy per byte: every row of one student on one data set, whatever its labels and budget."""

from collections.abc import Callable, Sequence
from operator import attrgetter

from smallset.report.rows import Row, grouped
from smallset.report.sections import Section
from smallset.report.table import Heading, Table, Value, table_of

# The fields that sections must share to stand in one table.
_shared = attrgetter("dataset", "data_fingerprint", "student", "size", "fit", "precision")

_Line = tuple[Section, Row]

_COLUMNS: tuple[tuple[Heading, Callable[[_Line], Value]], ...] = (
    (Heading("method"), lambda line: line[1].label),
    (Heading("labels"), lambda line: line[0].labels),
    (Heading("protocol"), lambda line: line[0].first.protocol),
    (Heading("images", "count"), lambda line: line[0].first.images),
    (Heading("top-1 % per MB", "ratio"), lambda line: points_per_megabyte(line[1])),
    (Heading("top-1 % [95 %]", "interval"), lambda line: line[1].top1),
    (Heading("image bytes", "bytes"), lambda line: line[1].bytes("images")),
    (Heading("label bytes", "bytes"), lambda line: line[1].bytes("labels")),
    (Heading("teacher bytes", "bytes"), lambda line: line[1].bytes("teacher")),
    (Heading("n", "count"), lambda line: line[1].top1.n),
)


def points_per_megabyte(row: Row) -> float:
    """Return a row's top-1 in percent over all bytes that a student needs, in MB of 10^6 bytes."""
    return 100 * row.top1.mean / (row.bytes() / 1e6)


def per_byte_tables(sections: Sequence[Section]) -> list[Table]:
    """Make a table for each student and data set, the most accuracy per byte first."""
    tables = []
    for group in grouped(sections, lambda section: _shared(section.first)).values():
        lines = [(section, row) for section in group for row in section.rows]
        lines.sort(key=lambda line: -points_per_megabyte(line[1]))
        r = lines[0][0].first
        title = f"Accuracy per byte: {r.dataset} at {r.size} px, {r.student}"
        notes = (
            "Bytes: all files that a student needs, images, labels and teacher (online labels).",
            "Fewer bytes give more accuracy per byte, down to chance: compare rows of like bytes.",
        )
        tables.append(table_of(title, lines, _COLUMNS, notes))
    return tables
