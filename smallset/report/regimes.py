"""Soft labels against hard: the same sets under each regime, and the bytes each one costs."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter

from smallset.evidence import paired_difference, welch_difference
from smallset.report.rows import Row, grouped
from smallset.report.sections import ORDER, Section, check_one_version, setting_words, teacher_words
from smallset.report.table import Heading, Table, Value
from smallset.spec import read
from smallset.spec.grammar import Word

# The fields that sections must share to be compared. Protocols may differ, and are then named.
_shared = attrgetter(
    "dataset", "data_fingerprint", "student", "size", "images", "codec", "fit", "precision"
)


def families(sections: Sequence[Section]) -> list[list[Section]]:
    """Group sections that differ only in labels, teacher or protocol, hard labels first."""
    groups = grouped(sections, lambda section: _shared(section.first))
    return [sorted(g, key=lambda s: not s.first.is_hard) for g in groups.values()]


def overviews(sections: Sequence[Section]) -> list[Table]:
    """Make a table for each family with hard labels and other regimes of the same methods."""
    shared = [
        [s for s in family if not s.by_key.keys().isdisjoint(family[0].by_key)]
        for family in families(sections)
    ]
    return [
        _overview(family)
        for family in shared
        if len({section.first.regime for section in family}) > 1 and family[0].first.is_hard
    ]


def regime_names(family: Sequence[Section]) -> list[str]:
    """Name each section of a family by its labels, and if needed by its teacher and protocol."""
    letters = _letters(family)
    names = [
        s.labels + ("" if _named(s.labels) else letters.get(s.first.teacher, "")) for s in family
    ]
    return [
        f"{name}, {section.first.protocol}" if names.count(name) > 1 else name
        for name, section in zip(names, family, strict=True)
    ]


def teacher_notes(family: Sequence[Section]) -> list[str]:
    """Describe each teacher once, by its name in the matrix or its letter."""
    # Sections whose students need the teacher know its top-1. They come last, so that the dict
    # keeps them.
    ordered = sorted(family, key=lambda s: s.first.cost.teacher > 0)
    letters, taught = _letters(family), {s.first.teacher: s for s in ordered if s.first.teacher}
    return [
        f"Teacher{_named(s.labels) or letters[teacher]}: {teacher_words(s.first)}."
        for teacher, s in taught.items()
    ]


def _overview(family: list[Section]) -> Table:
    r = family[0].first
    title = f"Soft labels against hard: {setting_words(r)}"
    check_one_version([result for section in family for result in section.results], title)
    names = regime_names(family)
    columns = [Heading("method")]
    for name, section in zip(names, family, strict=True):
        columns += [
            Heading(f"{name}: top-1 % [95 %]", "interval"),
            Heading(f"{name}: rank", "rank"),
            Heading(f"{name}: bytes", "bytes"),
        ]
        if section is not family[0]:
            columns.append(Heading(f"{name} minus {names[0]} [95 %]", "points", ""))
    methods = {row.key: row.label for section in family for row in section.rows}
    times = Counter(row.key for section in family for row in section.rows)
    body = [
        (label, *chain.from_iterable(_values(s, family[0], key) for s in family))
        for key, label in methods.items()
        if times[key] > 1
    ]
    notes = _notes(family, names)
    if alone := len(methods) - len(body):
        notes.append(f"Rows of one regime only are left out: {alone}. Their tables have them.")
    return Table(title, tuple(columns), tuple(body), tuple(notes))


def _values(section: Section, hard: Section, key: str) -> list[Value]:
    """Return a method's values in one regime, with the difference from hard labels."""
    row, other = section.by_key.get(key), hard.by_key.get(key)
    values: list[Value] = [row.top1, row.rank, row.bytes()] if row else [None, None, None]
    if section is hard:
        return values
    if row is None or other is None:
        return [*values, None]
    if pairs := _pairs(row, other):  # of the same sets
        return [*values, paired_difference(*pairs)]
    a, b = ([r.top1 for r in of.results] for of in (row, other))
    return [*values, welch_difference(a, b)]


def _pairs(soft: Row, hard: Row) -> tuple[list[float], list[float]] | None:
    """Return both rows' accuracies, replicate by replicate. None if their sets differ."""
    ours, theirs = (
        {(r.plan_sha256, r.set_seed, r.student_seed): r.top1 for r in row.results}
        for row in (soft, hard)
    )
    if ours.keys() != theirs.keys() or not len(ours) == len(soft.results) == len(hard.results):
        return None
    return list(ours.values()), [theirs[key] for key in ours]


def _notes(family: list[Section], names: list[str]) -> list[str]:
    hard, *others = family
    orders = [f"{name}: {s.order}" for name, s in zip(names, family, strict=True) if s.order]
    both = [(row, hard.by_key[row.key]) for s in others for row in s.rows if row.key in hard.by_key]
    paired = ", ".join(sorted({row.label for row, other in both if _pairs(row, other)}))
    sets = f"paired for {paired} (the very same sets), else Welch" if paired else "Welch's"
    return [
        *([f"{ORDER}{'; '.join(orders)}."] if orders else []),
        *teacher_notes(family),
        "Bytes: all that a student is given, images, labels and teacher.",
        f"Intervals of the differences between regimes: {sets}.",
    ]


def _named(labels: str) -> str:
    """Return " NAME" for the labels "online(NAME)", "" for labels that name no teacher."""
    call = read(labels)
    name = call.args[0] if call.args else call.options.get("teacher")
    return f" {name.text}" if isinstance(name, Word) else ""


def _letters(family: Sequence[Section]) -> dict[str | None, str]:
    """Return " A", " B" and so on, one for each teacher, or "" if there is one teacher."""
    teachers = dict.fromkeys(s.first.teacher for s in family if s.first.teacher)
    return {t: f" {chr(ord('A') + i)}" * (len(teachers) > 1) for i, t in enumerate(teachers)}
