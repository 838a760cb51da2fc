"""Tables of results: every row beside the random baseline, with its intervals and its bytes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from smallset.evidence import Interval, mean_interval, welch_difference
from smallset.methods import random, spec_of
from smallset.records import Result

# What the rows of one table share.
SETTING = (
    "dataset", "data_fingerprint", "student", "protocol", "labels", "size", "ipc", "codec", "fit"
)  # fmt: skip
HEADER = ("method", "top-1 % [95 %]", "minus random [95 %]", "verdict", "bytes", "ratio", "n")


@dataclass(frozen=True)
class Row:
    """One method in one setting: accuracy, difference from random, bytes, and what varied.

    `ratio` is the encoded bytes of the source's training images over those of the set;
    `minus_random` is None in the baseline's own row and where there is no baseline.
    """

    label: str
    top1: Interval
    minus_random: Interval | None
    image_bytes: float
    ratio: float
    sets: int
    observers: int
    students: int

    @property
    def verdict(self) -> str:
        """In a word, what the difference from random shows."""
        if self.minus_random is None:
            return "baseline"
        if self.minus_random.low > 0:
            return "better"
        if self.minus_random.high < 0:
            return "worse"
        return "unclear"

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of HEADER; accuracies in percent."""
        difference = self.minus_random
        return (
            self.label,
            f"{100 * self.top1.mean:.1f} {_span(self.top1)}",
            "" if difference is None else f"{100 * difference.mean:+.1f} {_span(difference)}",
            self.verdict,
            f"{self.image_bytes:,.0f}",
            f"{self.ratio:,.1f}",
            str(self.top1.n),
        )


def method_key(spec: str) -> str:
    """What replicates of one method share: its whole spec but for the observer's seed."""
    return re.sub(r"(observer\([^()]*?), seed=\d+\)", r"\1)", spec)


def rows(results: Sequence[Result], *, labels: dict[str, str] | None = None) -> list[Row]:
    """Group the results of one setting by method, in order of appearance.

    `labels` names methods by their `method_key`, else they are called as they were typed. Raises
    ValueError where results of several settings are mixed.
    """
    settings = {tuple(getattr(result, name) for name in SETTING) for result in results}
    if len(settings) > 1:
        raise ValueError(
            f"a table holds one setting, but these results mix {len(settings)} "
            f"(something of {', '.join(SETTING)} differs). Filter them first."
        )
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(method_key(result.spec), []).append(result)
    baseline = groups.get(method_key(spec_of(random())))
    return [_row(key, group, baseline, labels or {}) for key, group in groups.items()]


def markdown(table: Sequence[Row]) -> str:
    """Write rows as a Markdown table."""
    lines = ["| " + " | ".join(HEADER) + " |", "|---|" + "---:|" * (len(HEADER) - 1)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in table]
    return "\n".join(lines)


def seeds_note(table: Sequence[Row]) -> str:
    """Say which of the three seeds varied in each row."""
    parts: dict[tuple[int, int, int], list[str]] = {}
    for row in table:
        parts.setdefault((row.sets, row.observers, row.students), []).append(row.label)
    return "; ".join(
        f"{' | '.join(names)}: {_count(sets, 'set')}, "
        + (f"{_count(observers, 'observer')}, " if observers else "")
        + _count(students, "student seed")
        for (sets, observers, students), names in parts.items()
    )


def _row(
    key: str, group: list[Result], baseline: list[Result] | None, labels: dict[str, str]
) -> Row:
    top1 = [r.top1 for r in group]
    image_bytes = sum(r.image_bytes for r in group) / len(group)
    return Row(
        label=labels.get(key, group[0].method),
        top1=mean_interval(top1),
        minus_random=None
        if baseline is None or group is baseline
        else welch_difference(top1, [r.top1 for r in baseline]),
        image_bytes=image_bytes,
        ratio=group[0].source_bytes / image_bytes,
        sets=len({r.plan_sha256 for r in group}),
        observers=len({r.observer_seed for r in group} - {None}),
        students=len({r.student_seed for r in group}),
    )


def _span(interval: Interval) -> str:
    if interval.n < 2 or interval.half_width != interval.half_width:
        return "(one run)"
    return f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
