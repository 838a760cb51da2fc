"""Soft labels against hard: the same sets side by side, with what each regime costs."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from smallset.evidence import Interval, paired_difference, welch_difference
from smallset.records import Result
from smallset.report.sections import Section, check_one_version, teacher_words
from smallset.report.table import Column, Table, Value

# What regimes must share to stand side by side; protocols may differ, and are then named.
_SHARED = (
    "dataset", "data_fingerprint", "student", "size", "images", "codec", "fit", "precision"
)  # fmt: skip


def families(sections: Sequence[Section]) -> list[list[Section]]:
    """Put sections together that differ in labels, teacher or protocol alone, hard labels first."""
    groups: dict[tuple[object, ...], list[Section]] = {}
    for section in sections:
        key = tuple(getattr(section.first, name) for name in _SHARED)
        groups.setdefault(key, []).append(section)
    return [sorted(g, key=lambda s: not s.first.is_hard) for g in groups.values()]


def overviews(sections: Sequence[Section]) -> list[Table]:
    """Make one table for each family that has hard labels and others of the same methods."""
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
    """Name each section of a family: its labels, its teacher's letter, its protocol, as needed."""
    teachers = list(dict.fromkeys(s.first.teacher for s in family if s.first.teacher))
    names = [
        s.labels if "(" in s.labels else s.labels + _letter(s.first.teacher, teachers)
        for s in family
    ]
    return [
        f"{name}, {section.first.protocol}" if names.count(name) > 1 else name
        for name, section in zip(names, family, strict=True)
    ]


def teacher_notes(family: Sequence[Section]) -> list[str]:
    """Say once who the teachers are, by letter where there are several."""
    teachers = list(dict.fromkeys(s.first.teacher for s in family if s.first.teacher))
    firsts = {s.first.teacher: s.first for s in family}
    labels = {s.first.teacher: s.labels for s in family}
    return [
        f"Teacher{_named(labels[teacher]) or _letter(teacher, teachers)}: "
        f"{teacher_words(firsts[teacher])}."
        for teacher in teachers
    ]


def _overview(family: list[Section]) -> Table:
    r = family[0].first
    title = f"Soft labels against hard: {setting_words(r)}"
    check_one_version([result for section in family for result in section.results], title)
    names = regime_names(family)
    columns = [Column("method")]
    for name, section in zip(names, family, strict=True):
        columns += [
            Column(f"{name}: top-1 % [95 %]", "interval"),
            Column(f"{name}: rank", "rank"),
            Column(f"{name}: bytes", "bytes"),
        ]
        if section is not family[0]:
            columns.append(Column(f"{name} minus {names[0]} [95 %]", "points", ""))
    methods = {row.key: row.label for section in family for row in section.rows}
    times = Counter(row.key for section in family for row in section.rows)
    paired: set[str] = set()
    body = [
        (label, *chain.from_iterable(_values(s, family[0], key, paired) for s in family))
        for key, label in methods.items()
        if times[key] > 1
    ]
    notes = _notes(family, names, paired)
    if alone := len(methods) - len(body):
        notes.append(f"Rows of one regime only are left out: {alone}. Their tables have them.")
    return Table(title, tuple(columns), tuple(body), tuple(notes))


def setting_words(r: Result) -> str:
    """Say which setting a family of sections shares."""
    budget = f"ipc {r.ipc}" if r.ipc is not None else f"{r.images:,} images"
    return f"{r.dataset} at {r.size} px, {r.student}, {budget}"


def _values(section: Section, hard: Section, key: str, paired: set[str]) -> list[Value]:
    """Return a method's values in one regime; `paired` takes its label if the sets are the same."""
    row = section.by_key.get(key)
    values: list[Value] = [row.top1, row.rank, row.bytes()] if row else [None, None, None]
    if section is hard:
        return values
    if row is None or key not in hard.by_key:
        return [*values, None]
    difference, is_paired = _difference(row.results, hard.by_key[key].results)
    if is_paired:
        paired.add(row.label)
    return [*values, difference]


def _difference(soft: Sequence[Result], hard: Sequence[Result]) -> tuple[Interval, bool]:
    """Return soft minus hard, and whether it is paired: every replicate on the very same set."""
    ours = {(r.plan_sha256, r.set_seed, r.student_seed): r.top1 for r in soft}
    theirs = {(r.plan_sha256, r.set_seed, r.student_seed): r.top1 for r in hard}
    if ours.keys() == theirs.keys() and len(ours) == len(soft) == len(hard):
        return paired_difference(list(ours.values()), [theirs[key] for key in ours]), True
    return welch_difference([r.top1 for r in soft], [r.top1 for r in hard]), False


def _notes(family: list[Section], names: list[str], paired: set[str]) -> list[str]:
    orders = [f"{name}: {s.order}" for name, s in zip(names, family, strict=True) if s.order]
    order = "Order by mean, = where the interval of a step holds 0: "
    sets = f"paired for {', '.join(sorted(paired))} (the very same sets)" if paired else "Welch's"
    return [
        *([f"{order}{'; '.join(orders)}."] if orders else []),
        *teacher_notes(family),
        "Bytes: all that a student is given, images, labels and teacher.",
        f"Intervals of the differences between regimes: {sets}{', else Welch' if paired else ''}.",
    ]


def _named(labels: str) -> str:
    """Give the name in "online(NAME)" after a space; nothing where there is none."""
    name = labels.partition("(")[2].removesuffix(")")
    return f" {name}" if name else ""


def _letter(teacher: str | None, teachers: Sequence[str]) -> str:
    if teacher is None or len(teachers) < 2:
        return ""
    return f" {chr(ord('A') + teachers.index(teacher))}"
