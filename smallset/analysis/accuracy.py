"""Accuracy: whether easy sets are good sets, as a rank correlation over sets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import NamedTuple

import numpy as np

from smallset.analysis.difficulty import OWN_VIEW, in_training
from smallset.analysis.material import Analysis, Finding, Material, Sight
from smallset.analysis.subject import Subject
from smallset.analysis.text import interval
from smallset.evidence.estimates import LEAST_PAIRS, spearman
from smallset.fingerprint import fingerprint
from smallset.records import Result
from smallset.spec import portable, quoted


class TrainedUnder(NamedTuple):
    """What the results of one comparison have in common."""

    budget: str
    student: str
    protocol: str
    labels: str


class EasyIsGood(Analysis):
    """Rank correlation of a set's entropy and NLL with its students' accuracy, by budget."""

    joins = True

    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield a finding for each setting and observer, and a line about sets without results."""
        settings, lost = by_setting(material.sets, material.results)
        if lost:
            yield Finding(lines=(f"no results of {', '.join(one.name for one in lost)}",))
        for observer in material.observers:
            yield from material.headline(observer)
            sights = {one: Sight(material, one, observer) for one in material.sets}
            measured = {one: _measured(sight) for one, sight in sights.items()}
            for setting, top1 in settings.items():
                yield _compared(sights[next(iter(top1))], setting, top1, measured)


def by_setting(
    sets: tuple[Subject, ...], results: Sequence[Result]
) -> tuple[dict[TrainedUnder, dict[Subject, float]], list[Subject]]:
    """Return the mean top-1 of each set's students by setting, and the sets without any result.

    A result belongs to the set that has the same plan and view.
    """
    by_plan = {(one.plan_sha256, one.view_spec): one for one in sets}
    found: dict[TrainedUnder, dict[Subject, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        subject = by_plan.get((result.plan_sha256, result.view))
        if subject is not None:
            budget = result.budget or f"ipc={result.ipc}"
            setting = TrainedUnder(budget, result.student, result.protocol, result.labels)
            found[setting][subject].append(result.top1)
    means = {
        setting: {subject: fmean(values) for subject, values in of_set.items()}
        for setting, of_set in found.items()
    }
    seen = {subject for of_set in means.values() for subject in of_set}
    return means, [one for one in sets if one not in seen]


def _measured(sight: Sight) -> dict[str, float]:
    """Return the mean entropy and NLL of whole images and of training views."""
    looks, views, names = sight.whole(), in_training(sight), ("entropy", "nll")
    return {name: float(looks[name].mean()) for name in names} | {
        f"{name}({OWN_VIEW})": float(views[name].mean()) for name in names
    }


def _compared(
    first: Sight,
    setting: TrainedUnder,
    top1: Mapping[Subject, float],
    measured: Mapping[Subject, Mapping[str, float]],
) -> Finding:
    """Correlate what was measured of sets with their top-1.

    `first` is the sight of any one of the sets. Its observer is that of all facts.
    """
    title = ", ".join([*setting[:3], portable(setting.labels)])
    about, accuracies = f"{len(top1)} sets", list(top1.values())
    whole = fingerprint(sorted(subject.digest for subject in top1))
    options = ", ".join(
        f"{key}={quoted(portable(value), always=True)}" for key, value in setting._asdict().items()
    )
    facts, said = [], []
    for name in measured[first.subject]:
        values = [measured[subject][name] for subject in top1]
        if len(values) < LEAST_PAIRS or np.ptp(values) == 0 or np.ptp(accuracies) == 0:
            continue
        found = spearman(values, accuracies, seed=0)
        fact = first.fact(f"rank correlation({name}, top1, {options})", found)
        facts.append(replace(fact, method=about, spec=about, plan_sha256=whole, set_digest=whole))
        said.append(f"{name} {interval(found)}")
    if not said:
        line = (
            f"{title}: results of {len(top1)}, but a rank correlation needs {LEAST_PAIRS} sets "
            "that differ"
        )
        return Finding(lines=(line,))
    line = f"{title}: rank correlation with top-1 over {about}: {'; '.join(said)}"
    return Finding(tuple(facts), (line,))
