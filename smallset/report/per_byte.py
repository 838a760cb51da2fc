"""Accuracy per byte: every row of one student on one data set, whatever its labels and budget."""

from collections.abc import Callable, Sequence
from operator import attrgetter

from smallset.report.page.entries import Entry, entries
from smallset.report.rows import Row, grouped
from smallset.report.sections import Section
from smallset.report.table import Heading, Table, Value, table_of

# The fields that sections must share to stand in one table.
_shared = attrgetter("dataset", "data_fingerprint", "student", "size", "fit", "precision")

_COLUMNS: tuple[tuple[Heading, Callable[[Entry], Value]], ...] = (
    (Heading("method"), lambda entry: entry.row.label),
    (Heading("labels"), lambda entry: entry.section.labels),
    (Heading("protocol"), lambda entry: entry.first.protocol),
    (Heading("images", "count"), lambda entry: entry.first.images),
    (Heading("top-1 % per MB", "ratio"), lambda entry: points_per_megabyte(entry.row)),
    (Heading("top-1 % [95 %]", "interval"), lambda entry: entry.row.top1),
    (Heading("image bytes", "bytes"), lambda entry: entry.row.bytes("images")),
    (Heading("label bytes", "bytes"), lambda entry: entry.row.bytes("labels")),
    (Heading("teacher bytes", "bytes"), lambda entry: entry.row.bytes("teacher")),
    (Heading("n", "count"), lambda entry: entry.row.top1.n),
)


def points_per_megabyte(row: Row) -> float:
    """Return a row's top-1 in percent, divided by the MB (10^6 bytes) that a student needs."""
    return 100 * row.top1.mean / (row.bytes() / 1e6)


def per_byte_tables(sections: Sequence[Section]) -> list[Table]:
    """Make a table for each student and data set, the most accuracy per byte first."""
    tables = []
    for group in grouped(sections, lambda section: _shared(section.first)).values():
        lines = sorted(entries(group), key=lambda entry: -points_per_megabyte(entry.row))
        title = f"Accuracy per byte: {lines[0].data}, {lines[0].first.student}"
        notes = (
            "Bytes: all files that a student needs, images, labels and teacher (online labels).",
            "Fewer bytes give more accuracy per byte, down to chance: compare rows of like bytes.",
        )
        tables.append(table_of(title, lines, _COLUMNS, notes))
    return tables
