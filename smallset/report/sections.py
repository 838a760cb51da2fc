"""Sections: the results of one setting each, as rows. Results on the full data are left out."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, takewhile

from smallset.bench.sweep import FULL
from smallset.budget import budget_from, limit_of
from smallset.evidence import welch_difference
from smallset.labels import labels_words
from smallset.records import Result
from smallset.report.coverage import PlannedSetting, missing
from smallset.report.rows import (
    AS_FOUND,
    SETTING,
    Row,
    baseline_key,
    grouped,
    row_key,
    rows,
    setting_of,
)
from smallset.spec import portable

ORDER = "Order by mean, = where the interval of a step holds 0: "
"""The words before a section's order in the notes."""
# The most rows whose order fits in a sentence.
_ORDERED = 20


@dataclass(frozen=True)
class Section:
    """The results of one table, in the order of its rows.

    `labels` is the label regime, "online(NAME)" if a matrix names the teacher. `wanted` is the
    number of cells that the matrix asks for. `lacking` is the number of cells without a result, by
    the label of their row.
    """

    title: str
    labels: str
    results: tuple[Result, ...]
    rows: tuple[Row, ...]
    lacking: Mapping[str, int]
    wanted: int

    @property
    def first(self) -> Result:
        """The first result, which stands for the setting that all of them share."""
        return self.results[0]

    @property
    def missing(self) -> int:
        """The number of wanted cells without a result."""
        return sum(self.lacking.values())

    @property
    def order(self) -> str:
        """The methods from best to worst, with = if the Welch interval of a step holds 0.

        The text is empty for more methods than fit in a sentence: the ranks say the same.
        """
        if len(self.rows) > _ORDERED:
            return ""
        ordered = sorted(self.rows, key=lambda row: -row.top1.mean)
        text = ordered[0].label
        for better, worse in pairwise(ordered):
            a, b = ([r.top1 for r in row.results] for row in (better, worse))
            text += f" {'>' if welch_difference(a, b).low > 0 else '='} {worse.label}"
        return text

    @cached_property
    def by_key(self) -> dict[str, Row]:
        """The rows by their key (see `row_key`)."""
        return {row.key: row for row in self.rows}

    @property
    def baseline(self) -> Row | None:
        """The row that all others are compared with, None if there is none."""
        key = baseline_key(self.by_key)
        return None if key is None else self.by_key[key]


def sections(
    results: Sequence[Result], labels: Mapping[str, str], settings: Sequence[PlannedSetting] = ()
) -> list[Section]:
    """Group results into tables by `SETTING`, in order of appearance, without the full data.

    `labels` gives methods their names and their order, by `row_key`. Methods without a name follow,
    called as they were typed. `settings` are those of the matrix, if there is one. Raises
    ValueError if a setting mixes versions of this package or holds one replicate twice.
    """
    groups = _grouped(results)
    titles = _titles([group[0] for group in groups], settings)
    order = {key: place for place, key in enumerate(labels)}
    made = []
    for title, group in zip(titles, groups, strict=True):
        check_one_version(group, title)
        _check_no_repeats(group, title)
        group.sort(key=lambda r: (r.codec == AS_FOUND, order.get(row_key(r), len(order))))
        table = tuple(rows(group, labels={**short_names(group), **labels}))
        firsts = {(row_key(r), r.budget): r for r in reversed(group)}.values()
        plans = [s for s in settings if any(map(s.holds, firsts))]
        regime = plans[0].labels if plans else labels_words(group[0].labels)
        counts, wanted = missing(plans, group)
        lacking = {label: counts[key] for key, label in labels.items() if counts[key]}
        made.append(Section(title, regime, tuple(group), table, lacking, wanted))
    return made


def teacher_name(spec: str) -> str:
    """Write a teacher's spec without the folders of its files, which differ between machines."""
    if "(" not in spec:
        return re.split(r"[/\\]", spec.rstrip("/\\"))[-1]
    return portable(spec)


def teacher_words(r: Result) -> str:
    """Name the teacher of a result, with its accuracy and its bytes."""
    accuracy = "unknown" if r.teacher_top1 is None else f"{100 * r.teacher_top1:.1f} %"
    name = "none" if r.teacher is None else teacher_name(r.teacher)
    needed = f"{r.cost.teacher:,} bytes" if r.cost.teacher else "not needed by the student"
    return f"{name}, top-1 {accuracy}, {needed}"


def setting_words(r: Result) -> str:
    """Name the data, the student and the budget of a result."""
    budget = count_words(r)
    if r.budget is not None and limit_of(r.budget) is not None:
        budget = budget_from(r.budget).words
    return f"{r.dataset} at {r.size} px, {r.student}, {budget}"


def count_words(r: Result) -> str:
    """Return "ipc 10" if each class has the same number of images, or else "1,234 images"."""
    return f"{r.images:,} images" if r.ipc is None else f"ipc {r.ipc}"


def short_names(group: Sequence[Result]) -> dict[str, str]:
    """Return each method's name by its key: the words typed, without the observer's seed.

    A foreign set is named by its spec, since its method is just "foreign".
    """
    names: dict[str, str] = {}
    for result in group:
        typed = result.spec if result.codec == AS_FOUND else result.method
        typed = re.sub(r"(observer\((?:[^()]*, )?)seed=\d+(?:, )?", r"\1", typed)
        typed = re.sub(r"(observer\([^()]*), \)", r"\1)", typed).replace("observer()", "observer")
        names.setdefault(row_key(result), typed)
    return names


def _grouped(results: Sequence[Result]) -> list[list[Result]]:
    """Group by setting.

    Foreign sets, and methods that name a codec, join the group that differs only in the codec. If
    there are several, or none, they stay a group of their own.
    """
    groups = grouped((result for result in results if result.spec != FULL), setting_of)
    for setting in [setting for setting in groups if setting[-1] == AS_FOUND]:
        homes = [home for home in groups if home[:-1] == setting[:-1] and home != setting]
        if len(homes) == 1:
            groups[homes[0]] += groups.pop(setting)
    return list(groups.values())


def _titles(firsts: Sequence[Result], settings: Sequence[PlannedSetting]) -> list[str]:
    """Return a different title for each setting."""
    plain = [_title(first, settings) for first in firsts]
    alike = {
        title: [f for t, f in zip(plain, firsts, strict=True) if t == title] for title in plain
    }
    return [
        f"{title}, {_apart(first, alike[title])}" if len(alike[title]) > 1 else title
        for title, first in zip(plain, firsts, strict=True)
    ]


def _title(r: Result, settings: Sequence[PlannedSetting]) -> str:
    held = [setting for setting in settings if setting.holds(r)]
    if held:
        return held[0].title(r.protocol, _shared([setting.table.title for setting in held]))
    return f"{setting_words(r)}, {r.protocol}, {r.regime} labels"


def _shared(titles: Sequence[str]) -> str:
    """Return the common beginning of titles, in whole parts between commas."""
    parts = zip(*(title.split(", ") for title in titles), strict=False)
    return ", ".join(part[0] for part in takewhile(lambda part: len({*part}) == 1, parts))


def _apart(result: Result, alike: Sequence[Result]) -> str:
    """Name the fields, with their values, that tell a setting from others of the same title."""
    said = {
        "data_fingerprint": f"data {result.data_fingerprint[:8]}",
        "labels": f"teacher {teacher_name(result.teacher)}"
        if result.teacher and len({other.teacher for other in alike}) > 1
        else f"labels {teacher_name(result.labels)}",
    }
    return ", ".join(
        said.get(name, f"{name} {getattr(result, name)}")
        for name in SETTING
        if len({getattr(other, name) for other in alike}) > 1
    )


def check_one_version(group: Sequence[Result], title: str) -> None:
    """Raise ValueError if results differ in the version of this package.

    The results of one method must also be of one version of the observers' records. Records only
    decide which images a method chooses or draws, so methods of different versions can be compared.
    """
    looked = grouped(
        (r for r in group if r.observer_seed is not None or "records" in r.versions), row_key
    )
    parts = [("smallset", "table", repr(title), group)]
    parts += [("records", "row", f"{rs[0].method!r} in {title!r}", rs) for rs in looked.values()]
    for name, part, of, results in parts:
        versions = sorted({r.versions.get(name, "unknown") for r in results})
        if len(versions) > 1:
            raise ValueError(
                f"the results of {of} come from {name} {' and '.join(versions)}, whose "
                f"numbers may not mean the same; a {part} needs one version. Keep each version's "
                "lines in a file of its own, or run the older ones again."
            )


def _check_no_repeats(group: Sequence[Result], title: str) -> None:
    """Refuse a replicate that occurs twice, which would narrow every interval without reason."""
    counts = Counter(
        (row_key(r), r.plan_sha256, r.set_seed, r.observer_seed, r.student_seed) for r in group
    )
    (key, _, *seeds), times = counts.most_common(1)[0]
    if times > 1:
        first = next(r for r in group if row_key(r) == key)
        raise ValueError(
            f"the results of {title!r} hold one replicate of {first.method!r} {times} times (set "
            f"seed {seeds[0]}, observer seed {seeds[1]}, student seed {seeds[2]}), but every "
            "replicate counts once. Delete the repeated lines, or report the runs one by one."
        )
