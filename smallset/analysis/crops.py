"""Crops: what choosing crops by NLL does to entropy, and what training crops leave of it.

Proposition 4.1 of arXiv 2502.06434: a lower NLL of crops does not imply a lower entropy. Theorem
4.2: there may be a crop ratio r* of the training view at which a set that was easier is not.
"""

from collections.abc import Iterator

import numpy as np

from smallset.analysis.material import Analysis, Finding, Material, Sight
from smallset.analysis.subject import Subject
from smallset.analysis.text import interval, percent_interval
from smallset.evidence.estimates import (
    ENDS,
    RESAMPLES,
    Estimate,
    mean_estimate,
    share_estimate,
)
from smallset.records import Fact
from smallset.seeds import derive, generator
from smallset.shapes import Bool, Float64, Int32, Int64, Shaped
from smallset.train.views import Canvas, Drawn, View, draw_epoch, spans

RATIOS = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1)
"""The shares of the area that training crops show, from the largest."""

_SHOWN = ", ".join(f"{ratio:g}" for ratio in RATIOS)

CANDIDATES = 5
"""The number of random crops of an image. The one with the lowest NLL is chosen, as in RDED."""

DRAWS = 4
"""The number of training crops of each image at each ratio. The image has their mean entropy."""

Curve = Float64[np.ndarray, "ratios k"]
"""The entropy of each image at each of `RATIOS`."""


class Crops(Analysis):
    """NLL and entropy of crops chosen by NLL, and entropy by the ratio of training crops."""

    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield for each set: its chosen crops, its curve, and its r* against the first set."""
        for observer in material.observers:
            yield from material.headline(observer)
            first: tuple[Subject, Curve] | None = None
            for subject in material.sets:
                sight = Sight(material, subject, observer)
                box, finding = _chosen(sight)
                yield finding
                whole = _curve(sight, subject.box, subject.owner)
                yield _swept(sight, whole, cropped=_curve(sight, box, subject.owner))
                if subject.boxes_each > 1:
                    yield _across(sight)
                if first is None:
                    first = subject, whole
                else:
                    yield _against(sight, whole, *first)


def crossing(ratios: tuple[float, ...], gap: Float64[np.ndarray, "ratios"]) -> float:
    """Return r*: the largest ratio, interpolated, at which the gap in entropy is not negative.

    `gap` is the entropy of the easier set minus the other's at each of `ratios`, the largest first.
    The answer is the largest ratio if the easier set's entropy is not lower there. It is 0 if that
    entropy is lower at every ratio.
    """
    over = np.flatnonzero(gap >= 0)
    if not len(over):
        return 0.0
    i = int(over[0])
    if i == 0:
        return ratios[0]
    share = gap[i - 1] / (gap[i - 1] - gap[i])
    return float(ratios[i - 1] + share * (ratios[i] - ratios[i - 1]))


def star(
    own: Curve, other: Float64[np.ndarray, "ratios j"], *, paired: bool, seed: int
) -> Estimate:
    """Return r* of the curve `own` against `other` and its bootstrap interval over images.

    With `paired`, column i of both is the same image, and both are resampled together.
    """
    rng = generator(seed, "star")
    gaps = []
    for _ in range(RESAMPLES):
        mine = rng.integers(own.shape[1], size=own.shape[1])
        theirs = mine if paired else rng.integers(other.shape[1], size=other.shape[1])
        gaps.append(own[:, mine].mean(1) - other[:, theirs].mean(1))
    low, high = np.quantile([crossing(RATIOS, gap) for gap in gaps], ENDS)
    value = crossing(RATIOS, own.mean(1) - other.mean(1))
    return Estimate(value, float(low), float(high), min(own.shape[1], other.shape[1]))


def _draws(view: View, area: Int32[np.ndarray, "k 4"], times: int, name: str) -> list[Drawn]:
    """Draw `times` views inside each area."""
    seed = derive(0, "crops", name)
    return [draw_epoch(view, area[:, None], seed=seed, epoch=epoch) for epoch in range(times)]


def _chosen(sight: Sight) -> tuple[Int32[np.ndarray, "k 4"], Finding]:
    """Choose each box's crop with the lowest NLL. Return the crops and what choosing changed."""
    subject, whole = sight.subject, sight.whole()
    draws = _draws(Canvas(flip=0.0), subject.box, CANDIDATES, "candidates")
    looks = sight.look(draws, subject.owner)
    best, every = looks["nll"].argmin(0), np.arange(len(subject.box))
    crops = looks[best, every]
    changes = {
        (name, over): mean_estimate(_wide(crops[name]) - base)
        for name in ("nll", "entropy")
        for over, base in (("whole", _wide(whole[name])), ("crops", _wide(looks[name]).mean(0)))
    }
    against = share_estimate(contrary(whole, crops))
    facts = [
        *(
            sight.fact(f"{name} change(chosen=crops, from={over})", found, "nats")
            for (name, over), found in changes.items()
        ),
        sight.fact("lower nll, higher entropy(chosen=crops, from=whole)", against),
    ]
    parts = [
        f"{name} {interval(found)} from {'the whole image' if over == 'whole' else 'a random crop'}"
        for (name, over), found in changes.items()
    ]
    line = (
        f"{subject.name}: crops chosen by NLL change {'; '.join(parts)}; "
        f"{percent_interval(against)} have a lower NLL but a higher entropy"
    )
    return np.stack([one.box for one in draws])[best, every], Finding(tuple(facts), (line,))


def contrary(
    before: Shaped[np.ndarray, " k"], after: Shaped[np.ndarray, " k"]
) -> Bool[np.ndarray, " k"]:
    """Return a mask of the images whose NLL fell while their entropy rose (Proposition 4.1)."""
    found: Bool[np.ndarray, " k"] = (after["nll"] < before["nll"]) & (
        after["entropy"] > before["entropy"]
    )
    return found


def _curve(sight: Sight, area: Int32[np.ndarray, "k 4"], owner: Int64[np.ndarray, " k"]) -> Curve:
    """Return the mean entropy of `DRAWS` training crops in each area, at each ratio."""
    draws = [
        drawn
        for ratio in RATIOS
        for drawn in _draws(Canvas(scale=(ratio, ratio)), area, DRAWS, f"ratio {ratio}")
    ]
    entropy = _wide(sight.look(draws, owner)["entropy"])
    curve: Curve = entropy.reshape(len(RATIOS), DRAWS, -1).mean(1)
    return curve


def _swept(sight: Sight, whole: Curve, cropped: Curve) -> Finding:
    """Return both curves as facts, and r* of the chosen crops against their whole images."""
    name, found = sight.subject.name, star(cropped, whole, paired=True, seed=0)
    facts = (
        *_facts(sight, whole, ""),
        *_facts(sight, cropped, ", chosen=crops"),
        sight.fact("r*(chosen=crops, from=whole)", found),
    )
    lines = (
        f"{name}: entropy of training crops of {_SHOWN} of the area: {_listed(whole)}",
        f"{name}: the same inside the chosen crops: {_listed(cropped)}; {_star(found)}",
    )
    return Finding(facts, lines)


def _across(sight: Sight) -> Finding:
    """Return the curve of crops across whole mosaics, which the patch view avoids."""
    area = spans(sight.subject.tile_box)
    curve = _curve(sight, area, np.arange(len(area)))
    line = f"{sight.subject.name}: across whole mosaics: {_listed(curve)}"
    return Finding(tuple(_facts(sight, curve, ", view=canvas")), (line,))


def _facts(sight: Sight, curve: Curve, options: str) -> Iterator[Fact]:
    for ratio, values in zip(RATIOS, curve, strict=True):
        yield sight.fact(f"entropy(crop={ratio}{options})", mean_estimate(values), "nats")


def _against(
    sight: Sight, whole: Curve, base: Subject, other: Float64[np.ndarray, "ratios j"]
) -> Finding:
    """Return r* of a set against the set `base`, whose curve is `other`."""
    found = star(whole, other, paired=False, seed=0)
    line = f"{sight.subject.name} against {base.name}: {_star(found)}"
    return Finding((sight.fact(f"r*(from={base.digest[:12]})", found),), (line,))


def _star(found: Estimate) -> str:
    if found.value >= RATIOS[0]:
        return f"r* {interval(found)}: its entropy is not lower to begin with"
    if found.value == 0:
        return f"r* {interval(found)}: its entropy stays lower down to {RATIOS[-1]:g}"
    return f"r* {interval(found)}: below it, its entropy is not lower"


def _listed(curve: Curve) -> str:
    return ", ".join(f"{value:.3f}" for value in curve.mean(1))


def _wide(values: np.ndarray) -> Float64[np.ndarray, "..."]:
    return values.astype(np.float64)
