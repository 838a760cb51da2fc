"""Difficulty: how certain an observer is of a set, and how right."""

from collections.abc import Iterator

import numpy as np

from smallset.analysis.material import Analysis, Finding, Material, Sight
from smallset.analysis.text import interval, percent_interval
from smallset.evidence.estimates import (
    Estimate,
    mean_estimate,
    quantile_estimate,
    share_estimate,
)
from smallset.records import Fact
from smallset.seeds import derive
from smallset.shapes import Shaped
from smallset.train.views import draw_epoch

VIEWS = 8
"""The number of training views of each image. The image has the mean of their numbers."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
OWN_VIEW = "view=own"


class Difficulty(Analysis):
    """Entropy and NLL of each set and split, and the share that the observer gets right."""

    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield a finding for each subject and observer: whole images, then training views."""
        for observer in material.observers:
            yield from material.headline(observer)
            for subject in material.subjects:
                yield _found(Sight(material, subject, observer))


def in_training(sight: Sight) -> Shaped[np.ndarray, "views m"]:
    """Look at `VIEWS` training views of every image of a set."""
    subject, seed = sight.subject, derive(0, "analysis")
    assert subject.view is not None
    draws = [
        draw_epoch(subject.view, subject.tile_box, seed=seed, epoch=epoch) for epoch in range(VIEWS)
    ]
    return sight.look(draws, np.arange(len(subject.labels)))


def _found(sight: Sight) -> Finding:
    name, looks = sight.subject.name, sight.whole()
    facts = _means(sight, looks[None], share_estimate(looks["margin"] > 0))
    lines = [_line(name, facts)]
    for measure in ("entropy", "nll"):
        for share in QUANTILES:
            found = quantile_estimate(looks[measure], share)
            facts.append(sight.fact(f"{measure}(quantile={share})", found, "nats"))
    if sight.subject.view is not None:
        views = in_training(sight)
        right = mean_estimate((views["margin"] > 0).mean(0))
        viewed = _means(sight, views, right, f"({OWN_VIEW})")
        lines.append(_line(f"{name}, training views", viewed))
        facts += viewed
    return Finding(tuple(facts), tuple(lines))


def _means(
    sight: Sight, views: Shaped[np.ndarray, "views k"], right: Estimate, options: str = ""
) -> list[Fact]:
    """Return three facts: the mean entropy and NLL of images over their views, and `right`."""
    return [
        *(
            sight.fact(f"{name}{options}", mean_estimate(views[name].mean(0)), "nats")
            for name in ("entropy", "nll")
        ),
        sight.fact(f"right{options}", right),
    ]


def _line(name: str, facts: list[Fact]) -> str:
    entropy, nll, right = facts[:3]
    return (
        f"{name}: entropy {interval(entropy)} nats, NLL {interval(nll)}, "
        f"{percent_interval(right)} right, n = {entropy.n:,}"
    )
