"""The metrics of DD-Ranking (arXiv 2505.13300).

HLR (hard label recovery) compares with students of the full data, and IOR (improvement over random)
with random images. LRS (label-robust score) joins both. ARS (augmentation-robust score) compares
with twins that are trained without augmentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from smallset.evidence import ars, lrs, mean_interval
from smallset.methods import known_method, spec_of
from smallset.records import Result
from smallset.report.regimes import families, regime_names, teacher_notes
from smallset.report.rows import BASELINE, Row, method_key
from smallset.report.sections import Section, setting_words
from smallset.report.table import Heading, Table, Value, table_of
from smallset.train.views import plain

# The fields that a student of the full data must share with the students measured against it.
_shared = attrgetter("data_fingerprint", "student", "size", "fit", "precision")


@dataclass(frozen=True)
class Yardstick:
    """A method's metrics in one regime, as fractions. None if a measurement is missing.

    `hlr` is the top-1 of the full data minus the method's top-1 under hard labels, whatever the
    regime. `ior` is the method's top-1 minus that of random images, both under the regime. `lrs` is
    the score of both in 0..1, and larger is better.
    """

    hlr: float | None = None
    ior: float | None = None
    lrs: float | None = None


@dataclass(frozen=True)
class Twins:
    """A row and its twin without augmentation.

    `augmented` is the row's top-1 minus that of random images. `plain` is the twin's top-1 minus
    that of random images without augmentation. Both are fractions.
    """

    row: Row
    twin: Row
    augmented: float
    plain: float

    @property
    def ars(self) -> float:
        """The augmentation-robust score."""
        return ars(self.augmented, self.plain)


def yardsticks(
    section: Section, family: Sequence[Section], full: Sequence[Result]
) -> dict[str, Yardstick]:
    """Return each row's metrics by its key.

    `family` holds the section and the sections that differ from it only in labels, teacher or
    protocol. `full` are the results on the full data. Raises ValueError if those were
    trained under several protocols.
    """
    hard = [s for s in family if s.first.is_hard]
    own = [s for s in hard if s.first.protocol == section.first.protocol]
    others = (own or hard)[0].by_key if hard else {}
    whole, random = full_of(section, full), section.baseline
    best = mean_interval([r.top1 for r in whole]).mean
    made = {}
    for key, row in section.by_key.items():
        other = others.get(key)
        gap = best - other.top1.mean if whole and other else None
        gain = row.top1.mean - random.top1.mean if random else None
        score = None if gap is None or gain is None else lrs(gap, gain)
        made[key] = Yardstick(gap, gain, score)
    return made


def full_of(section: Section, full: Sequence[Result]) -> list[Result]:
    """Return the students of the full data that a section is measured against.

    Raises ValueError if they were trained under several protocols.
    """
    r = section.first
    found = [f for f in full if f.is_hard and _shared(f) == _shared(r)]
    protocols = sorted({f.protocol for f in found})
    if len(protocols) > 1:
        raise ValueError(
            f"students of the full data of {r.dataset!r} were trained under "
            f"{' and '.join(protocols)}, but a gap to the full data needs one protocol. "
            "Keep the lines of one."
        )
    return found


def ranking_tables(sections: Sequence[Section], full: Sequence[Result]) -> list[Table]:
    """Make a table for each family of settings that has students of the full data."""
    return [
        _against_full(family, full)
        for family in families(sections)
        if full_of(family[0], full) and family[0].first.is_hard
    ]


def twins_of(section: Section) -> list[Twins]:
    """Pair each row with its twin, if it has one. Without a twin of random images, return []."""
    rows = section.by_key
    pairs = {
        key: (row, rows[twin])
        for key, row in rows.items()
        if (twin := _twin_key(row, section.first.size)) in rows
    }
    if BASELINE not in pairs:
        return []
    random, bare = (row.top1.mean for row in pairs[BASELINE])
    return [
        Twins(row, twin, row.top1.mean - random, twin.top1.mean - bare)
        for row, twin in pairs.values()
    ]


def augmentation_tables(sections: Sequence[Section]) -> list[Table]:
    """Make a table for each section in which random images and another method have twins."""
    columns = (
        (Heading("method"), lambda pair: pair.row.label),
        (Heading("top-1 % [95 %]", "interval"), lambda pair: pair.row.top1),
        (Heading("unaugmented: top-1 % [95 %]", "interval"), lambda pair: pair.twin.top1),
        (Heading("IOR", "share"), lambda pair: pair.augmented),
        (Heading("unaugmented: IOR", "share"), lambda pair: pair.plain),
        (Heading("ARS", "score"), lambda pair: pair.ars),
    )
    note = (
        "Unaugmented: whole images (of a mosaic one whole tile an epoch), never mirrored. IOR: "
        "points above random images trained alike; ARS: 0..1, g = 0.5 (larger is better; random "
        f"has {ars(0, 0):.3f}); arXiv 2505.13300."
    )
    return [
        table_of(f"Without augmentation: {section.title}", pairs, columns, [note])
        for section in sections
        if len(pairs := twins_of(section)) > 1
    ]


def _twin_key(row: Row, size: int) -> str | None:
    """Return the key of the same method without augmentation, None if there is none."""
    method = known_method(row.results[0].spec)
    if method is None:
        return None
    found = method_key(spec_of(method.resolved(size=size).under(plain(method.view))))
    return None if found == row.key else found


def _against_full(family: list[Section], full: Sequence[Result]) -> Table:
    found = [yardsticks(section, family, full) for section in family]
    columns = [Heading("method"), Heading("HLR", "share")]
    for name in regime_names(family):
        columns += [Heading(f"{name}: IOR", "share"), Heading(f"{name}: LRS", "score")]
    body = []
    for row in family[0].rows:
        values: list[Value] = [row.label, found[0][row.key].hlr]
        for metrics in found:
            own = metrics.get(row.key, Yardstick())
            values += [own.ior, own.lrs]
        body.append(tuple(values))
    r, whole = family[0].first, full_of(family[0], full)
    accuracy = mean_interval([f.top1 for f in whole])
    notes = [
        "HLR: points below the full data, hard labels (smaller is better); IOR: points above "
        "random under the same labels; LRS: 0..1, w = 0.5 (larger is better); arXiv 2505.13300.",
        f"Full data: {whole[0].images:,} images, top-1 {100 * accuracy.mean:.1f} %, "
        f"n = {accuracy.n}, {whole[0].protocol}, {whole[0].steps:,} steps.",
        *teacher_notes(family),
    ]
    title = f"Against the full data: {setting_words(r)}"
    return Table(title, tuple(columns), tuple(body), tuple(notes))
