"""Soft labels against hard: the same sets side by side, with what each regime costs."""

from collections import Counter
from collections.abc import Sequence

from smallset.evidence import Interval, paired_difference, welch_difference
from smallset.records import Result
from smallset.report.panel import Panel
from smallset.report.sections import Section, check_one_version, teacher_name
from smallset.report.table import percent, points

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
    return [sorted(g, key=lambda s: s.first.regime != "hard") for g in groups.values()]


def overviews(sections: Sequence[Section]) -> list[Panel]:
    """Lay out one panel for each family that has hard labels and others of the same methods."""
    shared = [[s for s in family if _has_rows_of(family[0], s)] for family in families(sections)]
    return [
        _overview(family)
        for family in shared
        if len({section.first.regime for section in family}) > 1
        and family[0].first.regime == "hard"
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
        f"Teacher{_named(labels[teacher]) or _letter(teacher, teachers)}: {teacher_name(teacher)}, "
        f"{_known(firsts[teacher])}."
        for teacher in teachers
    ]


def _has_rows_of(one: Section, other: Section) -> bool:
    return not {row.key for row in one.rows}.isdisjoint(row.key for row in other.rows)


def _overview(family: list[Section]) -> Panel:
    r = family[0].first
    budget = f"ipc {r.ipc}" if r.ipc is not None else f"{r.images:,} images"
    title = f"Soft labels against hard: {r.dataset} at {r.size} px, {r.student}, {budget}"
    check_one_version([result for section in family for result in section.results], title)
    names = regime_names(family)
    header = ["method"]
    for name, section in zip(names, family, strict=True):
        header += [f"{name}: top-1 % [95 %]", f"{name}: rank", f"{name}: bytes"]
        if section is not family[0]:
            header.append(f"{name} minus {names[0]} [95 %]")
    methods = {row.key: row.label for section in family for row in section.rows}
    times = Counter(row.key for section in family for row in section.rows)
    alone = sum(times[key] == 1 for key in methods)
    paired: set[str] = set()
    body = []
    for key, label in methods.items():
        if times[key] == 1:
            continue
        cells = [label]
        for section in family:
            cells += _cells(section, family[0], key, paired)
        body.append(tuple(cells))
    notes = _notes(family, names, paired)
    if alone:
        notes.append(f"Rows of one regime only are left out: {alone}. Their tables have them.")
    return Panel(title, tuple(header), tuple(body), tuple(notes))


def _cells(section: Section, hard: Section, key: str, paired: set[str]) -> list[str]:
    """Give a method's cells of one regime; `paired` takes the methods whose sets are the same."""
    row = next((row for row in section.rows if row.key == key), None)
    empty = [""] if section is not hard else []
    if row is None:
        return ["-", "-", "-", *empty]
    cells = [percent(row.top1), str(row.rank), f"{row.given_bytes:,.0f}"]
    if section is hard:
        return cells
    difference, is_paired = _difference(section.of(key), hard.of(key))
    if is_paired:
        paired.add(row.label)
    return [*cells, points(difference)]


def _difference(soft: list[Result], hard: list[Result]) -> tuple[Interval | None, bool]:
    """Give soft minus hard, and whether it is paired: every replicate on the very same set."""
    if not hard:
        return None, False
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


def _known(r: Result) -> str:
    accuracy = "unknown" if r.teacher_top1 is None else f"{100 * r.teacher_top1:.1f} %"
    return f"top-1 {accuracy}, {r.cost.teacher:,} bytes"
