"""Rows: the results of one method in one setting, compared with the random baseline."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from statistics import fmean
from typing import NamedTuple, TypeVar

from smallset.budget import limit_of
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
from smallset.methods import canonical, known_method, random, spec_of
from smallset.numbers import counted
from smallset.records import Result
from smallset.report.table import Named

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# The fields that all results of one table share.
SETTING = (
    "dataset", "data_fingerprint", "student", "protocol", "labels", "size", "images", "fit",
    "precision", "codec",
)  # fmt: skip
AS_FOUND = "as found"
"""The codec of a foreign set. A table may hold foreign sets beside our sets of one codec.

The same is true of the sets of a method that names its own codec.
"""

# Only tests of more than 10 against 10 replicates use it. It is fixed, so that equal results give
# equal tables.
_PERMUTATION_SEED = 0
# The most names that a note lists for its largest group. It calls more names "the others" or "all".
_LISTED = 8


class Varied(NamedTuple):
    """The numbers of different sets, observers and student seeds among the results of a row."""

    sets: int
    observers: int
    students: int


@dataclass(frozen=True)
class Row:
    """One method in one setting: its accuracy, its difference from random, bytes, what varied.

    Accuracies are fractions. `minus_random` is the difference from random. `replicates_needed` is
    the number of replicates of each method that would tell the two apart at power 0.8. Both are
    None in the baseline's own row and if there is no baseline. `permutation` is the permutation
    test against random, and `p_holm` is its p after Holm's correction over the table. Both are also
    None if either side has fewer than six replicates.
    """

    key: str
    label: str
    results: tuple[Result, ...]
    top1: Interval
    rank: Rank
    worst: Named
    minus_random: Interval | None = None
    replicates_needed: float | None = None
    permutation: PermutationTest | None = None
    p_holm: float | None = None

    @property
    def verdict(self) -> str:
        """How the row compares with random: "better", "worse" or "unclear".

        It is "baseline" for a row that is not compared with random.
        """
        if self.minus_random is None:
            return "baseline"
        if self.minus_random.low > 0:
            return "better"
        if self.minus_random.high < 0:
            return "worse"
        return "unclear"

    def bytes(self, part: str = "total") -> float:
        """Return the mean bytes of one part of `Cost`: "images", "labels", "teacher" or "total"."""
        return fmean(getattr(r.cost, part) for r in self.results)

    @property
    def ratio(self) -> float:
        """The encoded bytes of the source's training images over all bytes a student was given."""
        return self.results[0].source_bytes / self.bytes()

    @property
    def varied(self) -> Varied:
        """The numbers of different sets, observers and student seeds among the results."""
        return Varied(
            len({r.plan_sha256 for r in self.results}),
            len({r.observer_seed for r in self.results} - {None}),
            len({r.student_seed for r in self.results}),
        )


@cache
def method_key(spec: str) -> str:
    """Return a spec without the observer's seed: the same text for all replicates of a method."""
    inside = r"""(?:[^()"']|"[^"]*"|'[^']*')*?"""  # a quoted model may hold brackets
    return re.sub(rf"(observer\({inside}), seed=\d+\)", r"\1)", spec)


def row_key(result: Result) -> str:
    """Return the `method_key` of a result's method, regardless of the version that wrote it."""
    return method_key(canonical(result.spec, size=result.size))


BASELINE = method_key(spec_of(random()))
"""The key of plain random images."""
_CHOSEN_AT_RANDOM = BASELINE[: BASELINE.index("mosaic=")]


def chosen_at_random(key: str) -> bool:
    """Tell whether the method of a row chooses its images at random."""
    return key.startswith(_CHOSEN_AT_RANDOM)


def baseline_key(keys: Iterable[str]) -> str | None:
    """Return the key of the method that all others of a setting are compared with.

    `keys` are the `row_key` of each method. The answer is `BASELINE` if it is among them, or else
    the first method that chooses its images at random. It is None if no method does.
    """
    chosen = list(filter(chosen_at_random, keys))
    return BASELINE if BASELINE in chosen else next(iter(chosen), None)


def grouped(things: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Group things by their key, in order of appearance."""
    groups: dict[K, list[T]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups


def setting_of(result: Result) -> tuple[object, ...]:
    """Return the values of a result's fields `SETTING`, which all results of one table share.

    If the budget is in bytes, it replaces the number of images. If a method names its own codec,
    `AS_FOUND` replaces the codec.
    """
    values = {name: getattr(result, name) for name in SETTING}
    if limit_of(result.budget) is not None:
        values["images"] = result.budget
    method = known_method(result.spec)
    if method is not None and method.codec is not None:
        values["codec"] = AS_FOUND
    return tuple(values.values())


def rows(
    results: Sequence[Result],
    *,
    labels: Mapping[str, str] | None = None,
    baseline: str | None = None,
) -> list[Row]:
    """Group the results of one setting by method, in order of appearance.

    `labels` gives the name of a method by its `row_key`. A method without a name is called as it
    was typed. `baseline` is the key of the method that all others are compared with, by default the
    answer of `baseline_key`. Raises ValueError if results of several settings are mixed.
    """
    settings = {setting_of(result) for result in results}
    ours = {setting for setting in settings if setting[-1] != AS_FOUND}
    if len(ours) > 1 or len({setting[:-1] for setting in settings}) > 1:
        raise ValueError(
            f"a table holds one setting, but these results mix {len(settings)} "
            f"(something of {', '.join(SETTING)} differs). Filter them first."
        )
    groups = grouped(results, row_key)
    baseline = baseline or baseline_key(groups)
    random = [r.top1 for r in groups[baseline]] if baseline in groups else []
    made = []
    places = ranks([[r.top1 for r in group] for group in groups.values()])
    for (key, group), rank in zip(groups.items(), places, strict=True):
        top1 = [r.top1 for r in group]
        label = (labels or {}).get(key, group[0].method)
        index, lowest = worst_class([r.per_class for r in group])
        worst = Named(lowest, group[0].classes[index])
        row = Row(key, label, tuple(group), mean_interval(top1), rank, worst)
        if random and key != baseline:
            row = replace(
                row,
                minus_random=welch_difference(top1, random),
                replicates_needed=replicates_needed(top1, random),
                permutation=permutation_test(top1, random, seed=_PERMUTATION_SEED),
            )
        made.append(row)
    corrected = iter(holm([row.permutation.p for row in made if row.permutation]))
    return [replace(row, p_holm=next(corrected)) if row.permutation else row for row in made]


def seeds_note(table: Sequence[Row]) -> str:
    """Count the sets, observers and student seeds of each row, as text."""
    groups = grouped(table, attrgetter("varied"))
    many = max(groups.values(), key=len)
    others = "all" if len(groups) == 1 else "the others"
    parts = []
    for (sets, observers, students), alike in groups.items():
        listed = alike is not many or len(alike) <= _LISTED
        names = " | ".join(row.label for row in alike) if listed else others
        looked = f"{counted(observers, 'observer')}, " if observers else ""
        seeds = counted(students, "student seed")
        parts.append(f"{names}: {counted(sets, 'set')}, {looked}{seeds}")
    return "; ".join(parts)
