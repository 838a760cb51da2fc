"""Tables of results: every row beside the random baseline, with its intervals and its bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from smallset.evidence import (
    Interval,
    PermutationTest,
    Rank,
    holm,
    mean_interval,
    permutation_test,
    ranks,
    replicates_needed,
    welch_difference,
    worst_class,
)
from smallset.methods import canonical, random, spec_of
from smallset.records import Result

# What the rows of one table share.
SETTING = (
    "dataset", "data_fingerprint", "student", "protocol", "labels", "size", "images",
    "fit", "precision", "codec",
)  # fmt: skip
HEADER = ("method", "top-1 % [95 %]", "minus random [95 %]", "verdict", "bytes", "ratio", "n")
AS_FOUND = "as found"
"""The codec of a set of other people's, which stands beside those of any one codec of ours."""
FULL = "full"
"""The spec of a result of the whole training split, which is no row but a yardstick."""

# Monte Carlo only starts beyond 10 against 10 replicates; the same results give the same table.
_PERMUTATION_SEED = 0
# The most names of a group that a note lists, where the others tell which they are.
_LISTED = 8


@dataclass(frozen=True)
class Row:
    """One method in one setting: accuracy, difference from random, bytes, and what varied.

    Accuracies are fractions. `minus_random` and `replicates_needed` (a side, to tell the method
    from random at power 0.8) are None in the baseline's own row and where there is no baseline;
    `permutation` and `p_holm` (corrected over the table) also below six replicates. `ratio` is the
    encoded bytes of the source's training images over all that a student was given: images, labels
    and the teacher. `sets`, `observers` and `students` count what varied.
    """

    key: str
    label: str
    top1: Interval
    minus_random: Interval | None
    replicates_needed: float | None
    permutation: PermutationTest | None
    p_holm: float | None
    rank: Rank
    worst_class: str
    worst: Interval
    image_bytes: float
    label_bytes: float
    teacher_bytes: float
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

    @property
    def given_bytes(self) -> float:
        """All that a student was given: images, labels and the teacher."""
        return self.image_bytes + self.label_bytes + self.teacher_bytes

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of HEADER; accuracies in percent."""
        return (
            self.label,
            percent(self.top1),
            points(self.minus_random),
            self.verdict,
            f"{self.image_bytes:,.0f}",
            times(self.ratio),
            str(self.top1.n),
        )


def percent(accuracy: Interval) -> str:
    """Write an accuracy in percent, with its interval."""
    return f"{100 * accuracy.mean:.1f} {_span(accuracy)}"


def points(difference: Interval | None) -> str:
    """Write a difference of accuracies in points, signed, with its interval; None is empty."""
    return "" if difference is None else f"{100 * difference.mean:+.1f} {_span(difference)}"


def times(ratio: float) -> str:
    """Write a ratio of bytes; one below 1, a set larger than its source, keeps its figures."""
    return f"{ratio:,.1f}" if ratio >= 1 else f"{ratio:.2g}"


def method_key(spec: str) -> str:
    """What replicates of one method share: its canonical spec but for the observer's seed."""
    inside = r"""(?:[^()"']|"[^"]*"|'[^']*')*?"""  # a quoted model may hold brackets of its own
    return re.sub(rf"(observer\({inside}), seed=\d+\)", r"\1)", spec)


def row_key(result: Result) -> str:
    """Give the `method_key` of a result's method, whichever version wrote its spec."""
    return method_key(canonical(result.spec, size=result.size))


BASELINE = method_key(spec_of(random()))
"""The key of the method that every other one is compared with."""


def setting_of(result: Result) -> tuple[object, ...]:
    """Give what a result must share with the others of its table, in the order of `SETTING`."""
    return tuple(getattr(result, name) for name in SETTING)


def rows(results: Sequence[Result], *, labels: Mapping[str, str] | None = None) -> list[Row]:
    """Group the results of one setting by method, in order of appearance.

    `labels` names methods by their `row_key`, else they are called as they were typed. Raises
    ValueError where results of several settings are mixed.
    """
    settings = {setting_of(result) for result in results}
    ours = {setting_of(result) for result in results if result.codec != AS_FOUND}
    if len(ours) > 1 or len({setting[:-1] for setting in settings}) > 1:
        raise ValueError(
            f"a table holds one setting, but these results mix {len(settings)} "
            f"(something of {', '.join(SETTING)} differs). Filter them first."
        )
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(row_key(result), []).append(result)
    places = ranks([[r.top1 for r in group] for group in groups.values()])
    made = [
        _row(key, group, groups.get(BASELINE), (labels or {}).get(key, group[0].method), place)
        for (key, group), place in zip(groups.items(), places, strict=True)
    ]
    corrected = iter(holm([row.permutation.p for row in made if row.permutation]))
    return [replace(row, p_holm=next(corrected)) if row.permutation else row for row in made]


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
    many = max(parts.values(), key=len)
    others = "all" if len(parts) == 1 else "the others"
    return "; ".join(
        f"{others if names is many and len(names) > _LISTED else ' | '.join(names)}: "
        f"{_count(sets, 'set')}, "
        + (f"{_count(observers, 'observer')}, " if observers else "")
        + _count(students, "student seed")
        for (sets, observers, students), names in parts.items()
    )


def _row(
    key: str, group: list[Result], baseline: list[Result] | None, label: str, rank: Rank
) -> Row:
    top1 = [r.top1 for r in group]
    other = None if baseline is None or group is baseline else [r.top1 for r in baseline]
    lowest = worst_class([r.per_class for r in group])
    image_bytes = sum(r.cost.images for r in group) / len(group)
    label_bytes = sum(r.cost.labels for r in group) / len(group)
    teacher_bytes = sum(r.cost.teacher for r in group) / len(group)
    return Row(
        key=key,
        label=label,
        top1=mean_interval(top1),
        minus_random=None if other is None else welch_difference(top1, other),
        replicates_needed=None if other is None else replicates_needed(top1, other),
        permutation=None
        if other is None
        else permutation_test(top1, other, seed=_PERMUTATION_SEED),
        p_holm=None,
        rank=rank,
        worst_class=group[0].classes[lowest.index],
        worst=lowest.accuracy,
        image_bytes=image_bytes,
        label_bytes=label_bytes,
        teacher_bytes=teacher_bytes,
        ratio=group[0].source_bytes / (image_bytes + label_bytes + teacher_bytes),
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
