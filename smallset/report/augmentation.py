"""ARS of DD-Ranking (arXiv 2505.13300), where rows have a twin trained without augmentation."""

from collections.abc import Sequence
from dataclasses import dataclass

from smallset.evidence import ars, ior
from smallset.methods import known_method, spec_of
from smallset.report.panel import Panel
from smallset.report.sections import Section
from smallset.report.table import BASELINE, Row, method_key, percent
from smallset.train.views import Canvas, Patch, plain


@dataclass(frozen=True)
class _Pair:
    """A row and its twin without augmentation, each above random of its own kind by so much."""

    row: Row
    twin: Row
    augmented: float
    plain: float

    @property
    def ars(self) -> float:
        return ars(self.augmented, self.plain)


def robust_scores(section: Section) -> dict[str, float]:
    """Give the ARS of the rows that have a twin, where random images have one too."""
    return {pair.row.key: pair.ars for pair in _pairs(section)}


def augmentation_panels(sections: Sequence[Section]) -> list[Panel]:
    """Lay out one panel for each section in which random images and others have a twin."""
    paired = [(section, _pairs(section)) for section in sections]
    return [_panel(section, pairs) for section, pairs in paired if len(pairs) > 1]


def _pairs(section: Section) -> list[_Pair]:
    rows = {row.key: row for row in section.rows}
    twins = {key: rows.get(_twin_key(section, key) or "") for key in rows}
    base, plain_base = rows.get(BASELINE), twins.get(BASELINE)
    if base is None or plain_base is None:
        return []
    return [
        _Pair(
            row,
            twin,
            ior(row.top1.mean, base.top1.mean),
            ior(twin.top1.mean, plain_base.top1.mean),
        )
        for key, row in rows.items()
        if (twin := twins[key]) is not None
    ]


def _twin_key(section: Section, key: str) -> str | None:
    """Give the key of the same method without augmentation; None of such a one and of no method."""
    first = section.of(key)[0]
    method = known_method(first.spec)
    if method is None or not isinstance(method.view, Canvas | Patch):
        return None
    bare = method.resolved(size=first.size).under(plain(method.view))
    found = method_key(spec_of(bare))
    return None if found == key else found


def _panel(section: Section, pairs: Sequence[_Pair]) -> Panel:
    body = tuple(
        (
            pair.row.label,
            percent(pair.row.top1),
            percent(pair.twin.top1),
            f"{100 * pair.augmented:.1f}",
            f"{100 * pair.plain:.1f}",
            f"{pair.ars:.3f}",
        )
        for pair in pairs
    )
    header = (
        "method", "top-1 % [95 %]", "unaugmented: top-1 % [95 %]", "IOR", "unaugmented: IOR", "ARS"
    )  # fmt: skip
    notes = (
        "Unaugmented: whole images (of a mosaic one whole tile an epoch), never mirrored. IOR: "
        "points above random images trained alike; ARS: 0..1, g = 0.5 (larger is better; random "
        f"has {ars(0, 0):.3f}); arXiv 2505.13300.",
    )
    return Panel(f"Without augmentation: {section.title}", header, body, notes)
