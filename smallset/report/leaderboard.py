"""The leaderboard: every method of a setting beside random, and what its numbers rest on."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from smallset.records import Result
from smallset.report.published import Published, published, published_name, published_top1
from smallset.report.rows import Row, seeds_note
from smallset.report.sections import Section, teacher_name
from smallset.report.table import Column, Table, Value, table_of
from smallset.train.protocol import caveat

_COLUMNS: tuple[tuple[Column, Callable[[Row], Value]], ...] = (
    (Column("method"), lambda row: row.label),
    (Column("top-1 % [95 %]", "interval"), lambda row: row.top1),
    (Column("minus random [95 % Welch]", "points", ""), lambda row: row.minus_random),
    (Column("p", "p"), lambda row: row.p),
    (Column("p (Holm)", "p"), lambda row: row.p_holm),
    (Column("rank", "rank"), lambda row: row.rank),
    (Column("worst class %", "named share"), lambda row: row.worst),
    (Column("image bytes", "bytes"), lambda row: row.bytes("images")),
    (Column("label bytes", "bytes"), lambda row: row.bytes("labels")),
    (Column("teacher bytes", "bytes"), lambda row: row.bytes("teacher")),
    (Column("ratio", "ratio"), lambda row: row.ratio),
    (Column("n", "count"), lambda row: row.top1.n),
)
_FEW: tuple[tuple[Column, Callable[[Row], Value]], ...] = (
    *_COLUMNS[:2],
    (Column("minus random [95 %]", "points", ""), lambda row: row.minus_random),
    (Column("verdict"), lambda row: row.verdict),
    (Column("bytes", "bytes"), lambda row: row.bytes("images")),
    *_COLUMNS[-2:],
)
_TESTS = ("p", "p (Holm)")
_GIVEN = ("label bytes", "teacher bytes")


def leaderboard(section: Section) -> Table:
    """Make the table of a section; the notes explain the columns."""
    known, hidden = published(section.first), _hidden(section)
    columns = [(column, read) for column, read in _COLUMNS if column.name not in hidden]
    if known is not None:
        columns.append(
            (Column("published %", "share", ""), lambda row: published_top1(row.results[0]))
        )
    return table_of(section.title, section.rows, columns, _notes(section, known))


def comparison(rows: Sequence[Row]) -> Table:
    """Make the table of a few rows that a terminal shows, with a note on each that did not win."""
    said = {"worse": "is worse than", "unclear": "does not differ clearly from"}
    lost = [f"{row.label} {said[row.verdict]} random here." for row in rows if row.verdict in said]
    return table_of("", rows, _FEW, [f"Varied: {seeds_note(rows)}.", *lost])


def machines(results: Sequence[Result]) -> str:
    """Say on what the results were made, with counts where that is not one thing."""
    kinds = Counter(
        f"{r.hardware}, {r.precision}, {r.threads} thread{'' if r.threads == 1 else 's'}"
        + (", compiled" if r.compiled else "")
        for r in results
    )
    builds = Counter(
        ", ".join(f"{name} {v}" for name, v in r.versions.items() if name != "records")
        for r in results
    )
    records = sorted({r.versions["records"] for r in results if "records" in r.versions})
    looked = f"; observers' records: {', '.join(records)}" if records else ""
    return f"{_counted(kinds)}; {_counted(builds)}{looked}."


def _hidden(section: Section) -> set[str]:
    """Return the columns that say nothing; the notes say why."""
    tested = any(row.permutation for row in section.rows)
    given = any(r.cost.labels or r.cost.teacher for r in section.results)
    return {*(() if tested else _TESTS), *(() if given else _GIVEN)}


def _notes(section: Section, known: Published | None) -> list[str]:
    r = section.first
    notes = [
        f"{r.protocol}, {r.regime} labels, {r.held_out}; {r.source_images:,} training images of "
        f"{r.source_bytes:,} bytes, fit {r.fit}, codec "
        f"{' and '.join(sorted({other.codec for other in section.results}))}.",
        caveat(r.protocol),
        _teacher_note(section),
        _missing_note(section),
        _order_note(section),
        f"Varied: {seeds_note(section.rows)}.",
        _shared_note(section),
        _vanished_note(section),
        _baseline_note(section),
        _p_note(section),
        "Rank: shared where the Welch interval of a difference holds 0.",
        _unclear_note(section),
        _published_note(section, known),
        machines(section.results),
    ]
    return [note for note in notes if note]


def _teacher_note(section: Section) -> str:
    r = section.first
    if r.teacher is None:
        return "No teacher, no stored labels: the ratio is the source's bytes over the images'."
    accuracy = "unknown" if r.teacher_top1 is None else f"{100 * r.teacher_top1:.1f} %"
    return (
        f"Teacher: {teacher_name(r.teacher)}, top-1 {accuracy}, {r.cost.teacher:,} bytes. The "
        "ratio is the source's bytes over those of images, labels and teacher."
    )


def _shared_note(section: Section) -> str:
    """Say where replicates are no fresh draws: their spread leaves a part of the luck out."""
    shared = [row for row in section.rows if row.varied.sets < row.top1.n]
    if not shared:
        return ""
    return (
        "Where there are fewer sets than n, replicates share sets or observers: those intervals "
        "and p hold the student's luck in full, but that of the set only in part."
    )


def _vanished_note(section: Section) -> str:
    """Say which rows stand on sets that lack whole classes."""
    parts = []
    for row in section.rows:
        counts = [len(r.vanished) for r in row.results]
        if any(counts):
            few, many = min(counts), max(counts)
            parts.append(f"{row.label} {few if few == many else f'{few} to {many}'}")
    if not parts:
        return ""
    return f"Classes without an image, of {len(section.first.classes)}: {'; '.join(parts)}."


def _missing_note(section: Section) -> str:
    if not section.missing:
        return ""
    rows = ", ".join(f"{label} {count}" for label, count in section.lacking.items())
    return f"Still to come: {section.missing} of {section.wanted} cells of the matrix ({rows})."


def _order_note(section: Section) -> str:
    if all(row.top1.n < 2 for row in section.rows) or not section.order:
        return ""
    return f"Order by mean, = where the interval of a step holds 0: {section.order}."


def _baseline_note(section: Section) -> str:
    if any(row.minus_random for row in section.rows):
        return ""
    return "Nothing is compared: this setting has no random baseline, or nothing else."


def _p_note(section: Section) -> str:
    tests = [row.permutation for row in section.rows if row.permutation]
    if not tests:
        return "No p: it needs 6 replicates a side."
    smallest = sorted({test.smallest for test in tests})
    which = "exact" if all(test.exact for test in tests) else "partly by random splits"
    return (
        f"p: two-sided permutation test against random ({which}), at best "
        f"{' or '.join(_p(s) for s in smallest)} with so many replicates; Holm over "
        f'{len(tests)} {"test" if len(tests) == 1 else "tests"}; "-" below 6 replicates a side.'
    )


def _unclear_note(section: Section) -> str:
    """Say what would settle the pairs that the interval leaves open."""
    parts = [
        f"{row.label} ({_needed(row.replicates_needed)})"
        for row in section.rows
        if row.verdict == "unclear" and row.replicates_needed is not None
    ]
    if not parts:
        return ""
    return (
        f"Not told from random: {'; '.join(parts)}. In brackets the replicates a side that would "
        "do it at these means and deviations (power 0.8, alpha 0.05)."
    )


def _published_note(section: Section, known: Published | None) -> str:
    if known is None:
        return ""
    here = {published_name(r.spec) for r in section.results}
    others = [f"{name} {100 * v:.1f}" for name, v in known.top1.items() if name not in here]
    return (
        f"Published: {known.source}, {known.student}, ipc {known.ipc}, {known.labels} labels, the "
        f"best of its evaluations on the test set; here {section.first.protocol}."
        + (f" Also published: {', '.join(others)}." if others else "")
    )


def _p(p: float) -> str:
    return f"{p:.2g}"


def _needed(replicates: float) -> str:
    if math.isnan(replicates):
        return "unknown from one run"
    return "never: equal means" if math.isinf(replicates) else f"about {replicates:,.0f}"


def _counted(kinds: Counter[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "; ".join(f"{kind} ({n} results)" for kind, n in kinds.items())
