"""Difficulty: how certain an observer is of a set, and how right."""

from collections.abc import Iterator

import numpy as np

from smallset.analysis.material import Analysis, Finding, Looks, Material
from smallset.analysis.subject import Subject
from smallset.analysis.text import interval, percent_interval
from smallset.evidence.estimates import mean_estimate, quantile_estimate, share_estimate
from smallset.observers import AnyObserver
from smallset.records import Fact
from smallset.seeds import derive
from smallset.train.views import draw_epoch

VIEWS = 8
"""The training views of each image, of which the mean counts."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
OWN_VIEW = "view=own"


class Difficulty(Analysis):
    """Entropy and NLL of each set and split, and the share that the observer takes to be right."""

    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield a finding for each subject and observer: whole images, then training views."""
        for observer in material.observers:
            yield from material.headline(observer)
            for subject in material.subjects:
                yield self._of(material, subject, observer)

    def _of(self, material: Material, subject: Subject, observer: AnyObserver) -> Finding:
        looks = material.plain(subject, observer)
        facts = [
            *_means(material, subject, observer, looks),
            *(
                material.fact(
                    subject,
                    f"{name}(quantile={share})",
                    quantile_estimate(looks[name], share),
                    "nats",
                    observer=observer,
                )
                for name in ("entropy", "nll")
                for share in QUANTILES
            ),
        ]
        lines = [_line(subject.name, facts)]
        if subject.view is not None:
            looks = in_training(material, subject, observer)
            viewed = _means(material, subject, observer, looks, views=VIEWS)
            lines.append(_line(f"{subject.name}, training views", viewed))
            facts += viewed
        return Finding(tuple(facts), tuple(lines))


def in_training(material: Material, subject: Subject, observer: AnyObserver) -> Looks:
    """Look at `VIEWS` training views of every image: rows (epochs m), epoch after epoch."""
    assert subject.view is not None
    m = len(subject.labels)
    drawn = [
        draw_epoch(subject.view, subject.tile_box, seed=derive(0, "analysis"), epoch=epoch)
        for epoch in range(VIEWS)
    ]
    both = type(drawn[0])(
        np.concatenate([one.box for one in drawn]), np.concatenate([one.flip for one in drawn])
    )
    return material.look(subject, observer, both, np.tile(np.arange(m), VIEWS))


def _means(
    material: Material, subject: Subject, observer: AnyObserver, looks: Looks, *, views: int = 1
) -> list[Fact]:
    """Return the facts entropy, nll and right: means over images, each the mean of its views."""
    of_image = {name: looks[name].reshape(views, -1).mean(0) for name in ("entropy", "nll")}
    right = (looks["margin"] > 0).reshape(views, -1)
    found = {name: (mean_estimate(values), "nats") for name, values in of_image.items()}
    found["right"] = (share_estimate(right[0]) if views == 1 else mean_estimate(right.mean(0)), "")
    options = "" if views == 1 else f"({OWN_VIEW})"
    return [
        material.fact(subject, name + options, *one, observer=observer)
        for name, one in found.items()
    ]


def _line(name: str, facts: list[Fact]) -> str:
    entropy, nll, right = facts[:3]
    return (
        f"{name}: entropy {interval(entropy)} nats, NLL {interval(nll)}, "
        f"{percent_interval(right)} right, n = {entropy.n:,}"
    )
