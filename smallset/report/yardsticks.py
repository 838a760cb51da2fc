"""HLR, IOR and LRS of DD-Ranking (arXiv 2505.13300), where students of the full data exist."""

from collections.abc import Sequence
from dataclasses import dataclass

from smallset.evidence import hlr, ior, lrs, mean_interval
from smallset.records import Result
from smallset.report.panel import Panel
from smallset.report.regimes import families, regime_names, teacher_notes
from smallset.report.sections import Section
from smallset.report.table import BASELINE

# What students of the full data share with those of a set that they are a yardstick for.
_SHARED = ("data_fingerprint", "student", "size", "fit", "precision")


@dataclass(frozen=True)
class Yardstick:
    """A method's metrics in one regime, fractions; None where a measurement is lacking.

    HLR takes the method's hard-label accuracy whatever the regime, IOR that of the regime.
    """

    hlr: float | None
    ior: float | None
    lrs: float | None


def yardsticks(
    section: Section, sections: Sequence[Section], full: Sequence[Result]
) -> dict[str, Yardstick]:
    """Give the metrics of each row of a section by its key; `full` are results of the full data."""
    family = next(f for f in families(sections) if any(s is section for s in f))
    hard = _hard_of(section, family)
    whole = full_of(section, full)
    top1 = {row.key: row.top1.mean for row in section.rows}
    hard_top1 = {row.key: row.top1.mean for row in hard.rows} if hard else {}
    made = {}
    for key, own in top1.items():
        gap = (
            hlr(mean_interval([r.top1 for r in whole]).mean, hard_top1[key])
            if whole and key in hard_top1
            else None
        )
        gain = ior(own, top1[BASELINE]) if BASELINE in top1 else None
        score = None if gap is None or gain is None else lrs(gap, gain)
        made[key] = Yardstick(gap, gain, score)
    return made


def full_of(section: Section, full: Sequence[Result]) -> list[Result]:
    """Give the full-data students that a section is measured against.

    Raises ValueError where they were trained under several protocols.
    """
    r = section.first
    found = [
        f for f in full
        if f.regime == "hard" and all(getattr(f, name) == getattr(r, name) for name in _SHARED)
    ]  # fmt: skip
    protocols = sorted({f.protocol for f in found})
    if len(protocols) > 1:
        raise ValueError(
            f"students of the full data of {r.dataset!r} were trained under "
            f"{' and '.join(protocols)}, but a gap to the full data needs one protocol. "
            "Keep the lines of one."
        )
    return found


def ranking_panels(sections: Sequence[Section], full: Sequence[Result]) -> list[Panel]:
    """Lay out one panel for each family of settings that has students of the full data."""
    return [
        _panel(family, sections, full)
        for family in families(sections)
        if full_of(family[0], full) and family[0].first.regime == "hard"
    ]


def _hard_of(section: Section, family: Sequence[Section]) -> Section | None:
    """Give the section's hard-label counterpart, of its own protocol where there is one."""
    hard = [s for s in family if s.first.regime == "hard"]
    own = [s for s in hard if s.first.protocol == section.first.protocol]
    return next(iter([*own, *hard]), None)


def _panel(family: list[Section], sections: Sequence[Section], full: Sequence[Result]) -> Panel:
    names = regime_names(family)
    found = [yardsticks(section, sections, full) for section in family]
    header = ["method", "HLR"]
    header += [f"{name}: {metric}" for name in names for metric in ("IOR", "LRS")]
    body = []
    for row in family[0].rows:
        cells = [row.label, _points(found[0][row.key].hlr)]
        for metrics in found:
            own = metrics.get(row.key, Yardstick(None, None, None))
            cells += [_points(own.ior), "-" if own.lrs is None else f"{own.lrs:.3f}"]
        body.append(tuple(cells))
    r, whole = family[0].first, full_of(family[0], full)
    accuracy = mean_interval([f.top1 for f in whole])
    budget = f"ipc {r.ipc}" if r.ipc is not None else f"{r.images:,} images"
    notes = [
        "HLR: points below the full data, hard labels (smaller is better); IOR: points above "
        "random under the same labels; LRS: 0..1, w = 0.5 (larger is better); arXiv 2505.13300.",
        f"Full data: {whole[0].images:,} images, top-1 {100 * accuracy.mean:.1f} %, "
        f"n = {accuracy.n}, {whole[0].protocol}, {whole[0].steps:,} steps.",
        *teacher_notes(family),
    ]
    title = f"Against the full data: {r.dataset} at {r.size} px, {r.student}, {budget}"
    return Panel(title, tuple(header), tuple(body), tuple(notes))


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
