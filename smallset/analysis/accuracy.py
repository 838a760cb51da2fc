"""Accuracy: whether easy sets are good sets, as a rank correlation over sets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from smallset.analysis.difficulty import OWN_VIEW, VIEWS, in_training
from smallset.analysis.material import Analysis, Finding, Material
from smallset.analysis.subject import Subject
from smallset.analysis.text import interval
from smallset.evidence.estimates import LEAST_PAIRS, spearman
from smallset.fingerprint import fingerprint
from smallset.observers import AnyObserver
from smallset.records import Result
from smallset.spec import portable, quoted

Setting = tuple[str, str, str, str]
"""The budget, student, protocol and labels of results that are compared with each other."""


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
            measured = {one: _measured(material, one, observer) for one in material.sets}
            for setting, top1 in settings.items():
                yield _compared(material, observer, setting, top1, measured)


def by_setting(
    sets: tuple[Subject, ...], results: Sequence[Result]
) -> tuple[dict[Setting, dict[Subject, float]], list[Subject]]:
    """Return the mean top-1 of each set's students by setting, and the sets without any result.

    A result belongs to the set of its plan and view.
    """
    by_plan = {(one.plan_sha256, one.view_spec): one for one in sets}
    found: dict[Setting, dict[Subject, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        subject = by_plan.get((result.plan_sha256, result.view))
        if subject is not None:
            budget = result.budget or f"ipc={result.ipc}"
            setting = (budget, result.student, result.protocol, result.labels)
            found[setting][subject].append(result.top1)
    means = {
        setting: {subject: fmean(values) for subject, values in of_set.items()}
        for setting, of_set in found.items()
    }
    seen = {subject for of_set in means.values() for subject in of_set}
    return means, [one for one in sets if one not in seen]


def _measured(material: Material, subject: Subject, observer: AnyObserver) -> dict[str, float]:
    looks = material.plain(subject, observer)
    found = {name: float(looks[name].mean()) for name in ("entropy", "nll")}
    if subject.view is not None:
        viewed = in_training(material, subject, observer).reshape(VIEWS, -1)
        for name in ("entropy", "nll"):
            found[f"{name}({OWN_VIEW})"] = float(viewed[name].mean())
    return found


def _compared(
    material: Material,
    observer: AnyObserver,
    setting: Setting,
    top1: Mapping[Subject, float],
    measured: Mapping[Subject, Mapping[str, float]],
) -> Finding:
    budget, student, protocol, labels = setting
    title = f"{budget}, {student}, {protocol}, {portable(labels)}"
    subjects, accuracies = list(top1), list(top1.values())
    facts, said = [], []
    for name in measured[subjects[0]]:
        values = [measured[subject][name] for subject in subjects]
        if len(values) < LEAST_PAIRS or np.ptp(values) == 0 or np.ptp(accuracies) == 0:
            continue
        found = spearman(values, accuracies, seed=0)
        options = ", ".join(
            f"{key}={quoted(portable(value), always=True)}"
            for key, value in zip(("budget", "student", "protocol", "labels"), setting, strict=True)
        )
        fact = material.fact(
            subjects[0], f"rank correlation({name}, top1, {options})", found, observer=observer
        )
        digests = sorted(subject.digest for subject in subjects)
        about = f"{len(subjects)} sets"
        whole = fingerprint(digests)
        facts.append(replace(fact, method=about, spec=about, plan_sha256=whole, set_digest=whole))
        said.append(f"{name} {interval(found)}")
    if not said:
        return Finding(
            lines=(
                f"{title}: results of {len(subjects)}, but a rank correlation needs "
                f"{LEAST_PAIRS} sets that differ",
            )
        )
    line = f"{title}: rank correlation with top-1 over {len(subjects)} sets: {'; '.join(said)}"
    return Finding(tuple(facts), (line,))
