"""The leaderboard: every method of a setting compared with random, and notes on its numbers."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from smallset.evidence import PermutationTest
from smallset.numbers import counted
from smallset.records import Result
from smallset.report.published import Published, published, published_name, published_top1
from smallset.report.rows import BASELINE, Row, chosen_at_random, grouped, seeds_note
from smallset.report.sections import ORDER, Section, teacher_words
from smallset.report.table import Heading, Table, Value, table_of
from smallset.train.protocol import caveat

_COLUMNS: tuple[tuple[Heading, Callable[[Row], Value]], ...] = (
    (Heading("method"), lambda row: row.label),
    (Heading("top-1 % [95 %]", "interval"), lambda row: row.top1),
    (Heading("minus random [95 % Welch]", "points", ""), lambda row: row.minus_random),
    (Heading("p", "p"), lambda row: row.permutation.p if row.permutation else None),
    (Heading("p (Holm)", "p"), lambda row: row.p_holm),
    (Heading("rank", "rank"), lambda row: row.rank),
    (Heading("worst class %", "named share"), lambda row: row.worst),
    (Heading("image bytes", "bytes"), lambda row: row.bytes("images")),
    (Heading("label bytes", "bytes"), lambda row: row.bytes("labels")),
    (Heading("teacher bytes", "bytes"), lambda row: row.bytes("teacher")),
    (Heading("ratio", "ratio"), lambda row: row.ratio),
    (Heading("n", "count"), lambda row: row.top1.n),
)
_FEW: tuple[tuple[Heading, Callable[[Row], Value]], ...] = (
    *_COLUMNS[:2],
    (Heading("minus random [95 %]", "points", ""), lambda row: row.minus_random),
    (Heading("verdict"), lambda row: row.verdict),
    (Heading("images", "count"), lambda row: row.results[0].images),
    (Heading("bytes", "bytes"), lambda row: row.bytes("images")),
    _COLUMNS[-1],
)
_TESTS = ("p", "p (Holm)")
_GIVEN = ("label bytes", "teacher bytes")


def leaderboard(section: Section) -> Table:
    """Make the table of a section; the notes explain the columns."""
    tested = any(row.permutation for row in section.rows)
    given = any(r.cost.labels or r.cost.teacher for r in section.results)
    hidden = {*(() if tested else _TESTS), *(() if given else _GIVEN)}  # the notes say why
    known = published(section.first)
    columns = [(column, read) for column, read in _COLUMNS if column.name not in hidden]
    if known is not None:
        columns.append(
            (Heading("published %", "share", ""), lambda row: published_top1(row.results[0]))
        )
    return table_of(section.title, section.rows, columns, _notes(section, known))


def comparison(rows: Sequence[Row]) -> Table:
    """Make a short table for the terminal, with a note on each row that does not beat random."""
    said = {"worse": "is worse than", "unclear": "does not differ clearly from"}
    lost = [f"{row.label} {said[row.verdict]} random here." for row in rows if row.verdict in said]
    return table_of("", rows, _FEW, [f"Varied: {seeds_note(rows)}.", *lost])


def machines(results: Sequence[Result]) -> str:
    """Name the machines and versions behind some results, with counts if there are several."""
    machine = _counts(
        f"{r.hardware}, {r.precision}, {counted(r.threads, 'thread')}"
        + (", compiled" if r.compiled else "")
        for r in results
    )
    build = _counts(
        ", ".join(f"{name} {v}" for name, v in r.versions.items() if name != "records")
        for r in results
    )
    records = _counts(r.versions["records"] for r in results if "records" in r.versions)
    looked = f"; observers' records: {records}" if records else ""
    return f"{machine}; {build}{looked}."


def _counts(words: Iterable[str]) -> str:
    """List the different words, each with its number of results if there are several."""
    found = Counter(words)
    return "; ".join(
        f"{word} ({n} results)" if len(found) > 1 else word for word, n in found.items()
    )


def _notes(section: Section, known: Published | None) -> Iterator[str]:
    """Say what a section's numbers rest on, what is missing, and what they do not show."""
    r, rows = section.first, section.rows
    codecs = " and ".join(sorted({other.codec for other in section.results}))
    yield (
        f"{r.protocol}, {r.regime} labels, {r.held_out}; {r.source_images:,} training images of "
        f"{r.source_bytes:,} bytes, fit {r.fit}, codec {codecs}."
    )
    if said := caveat(r.protocol):
        yield said
    if r.teacher is None and not r.cost.labels:
        yield "No teacher, no stored labels: the ratio is the source's bytes over the images'."
    else:
        bytes_of = "The ratio is the source's bytes over those of images, labels and teacher."
        yield f"Teacher: {teacher_words(r)}. {bytes_of}"
    if section.missing:
        lacking = ", ".join(f"{label} {count}" for label, count in section.lacking.items())
        missing = f"{section.missing} of {section.wanted}"
        yield f"Still to come: {missing} cells of the matrix ({lacking})."
    if section.order and any(row.top1.n > 1 for row in rows):
        yield f"{ORDER}{section.order}."
    yield f"Varied: {seeds_note(rows)}."
    if any(row.varied.sets < row.top1.n for row in rows):
        yield (
            "Where there are fewer sets than n, replicates share sets or observers: those "
            "intervals and p hold the student's luck in full, but that of the set only in part."
        )
    if vanished := "; ".join(filter(None, map(_vanished, rows))):
        yield f"Classes without an image, of {len(r.classes)}: {vanished}."
    if not any(row.minus_random for row in rows):
        yield "Nothing is compared: this setting has no random baseline, or nothing else."
    elif (random := section.baseline) and random.key != BASELINE:
        alike = sum(chosen_at_random(row.key) for row in rows)
        which = f"the first of {alike} rows" if alike > 1 else "the one row"
        yield f"Compared with {random.label!r}, {which} whose images are chosen at random."
    yield _p_note([row.permutation for row in rows if row.permutation])
    yield "Rank: shared where the Welch interval of a difference holds 0."
    if unclear := "; ".join(filter(None, map(_unclear, rows))):
        yield (
            f"Not told from random: {unclear}. In brackets the replicates a side that would do "
            "it at these means and deviations (power 0.8, alpha 0.05)."
        )
    if known is not None:
        yield _published_note(section, known)
    yield machines(section.results)
    looked = [row for row in rows if "records" in row.results[0].versions]
    records = grouped(looked, lambda row: row.results[0].versions["records"])
    for version in sorted(records, key=lambda version: len(records[version]))[:-1]:
        names = ", ".join(row.label for row in records[version])
        yield f"Chosen or drawn by the observers' records {version}: {names}."


def _vanished(row: Row) -> str:
    """Say how many classes are without an image in the sets of a row, "" for none."""
    counts = [len(r.vanished) for r in row.results]
    few, many = min(counts), max(counts)
    return f"{row.label} {few if few == many else f'{few} to {many}'}" if many else ""


def _unclear(row: Row) -> str:
    """Say how many replicates would tell an "unclear" row from random, "" for another verdict."""
    needed = row.replicates_needed
    if row.verdict != "unclear" or needed is None:
        return ""
    if math.isnan(needed):
        return f"{row.label} (unknown from one run)"
    said = "never: equal means" if math.isinf(needed) else f"about {needed:,.0f}"
    return f"{row.label} ({said})"


def _p_note(tests: Sequence[PermutationTest]) -> str:
    if not tests:
        return "No p: it needs 6 replicates a side."
    smallest = " or ".join(f"{p:.2g}" for p in sorted({test.smallest for test in tests}))
    which = "exact" if all(test.exact for test in tests) else "partly by random splits"
    return (
        f"p: two-sided permutation test against random ({which}), at best {smallest} with so many "
        f"replicates; Holm over {counted(len(tests), 'test')}; "
        '"-" below 6 replicates a side.'
    )


def _published_note(section: Section, known: Published) -> str:
    here = {published_name(r.spec) for r in section.results}
    others = [f"{name} {100 * v:.1f}" for name, v in known.top1.items() if name not in here]
    return (
        f"Published: {known.source}, {known.student}, ipc {known.ipc}, {known.labels} labels, the "
        f"best of its evaluations on the test set; here {section.first.protocol}."
        + (f" Also published: {', '.join(others)}." if others else "")
    )
