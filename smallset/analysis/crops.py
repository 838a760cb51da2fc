"""Crops: what choosing crops by NLL does to entropy, and what training crops leave of it.

Proposition 4.1 of arXiv 2502.06434: a lower NLL of crops does not imply a lower entropy. Theorem
4.2: there may be a crop ratio r* of the training view at which a set that was easier is not.
"""

from collections.abc import Iterator

import numpy as np

from smallset.analysis.material import Analysis, Finding, Material
from smallset.analysis.subject import Subject
from smallset.analysis.text import interval, percent_interval
from smallset.evidence.estimates import (
    ENDS,
    RESAMPLES,
    Estimate,
    mean_estimate,
    share_estimate,
)
from smallset.observers import AnyObserver
from smallset.records import Fact
from smallset.seeds import derive, generator
from smallset.shapes import Bool, Float64, Int32, Int64, Shaped
from smallset.train.views import Canvas, Drawn, View, draw_epoch

RATIOS = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1)
"""The shares of the area that training crops show, from the largest."""

_SHOWN = ", ".join(f"{ratio:g}" for ratio in RATIOS)

CANDIDATES = 5
"""The random crops of an image of which the one with the lowest NLL is chosen, as RDED does."""

DRAWS = 4
"""The training crops of each image at each ratio, of which the mean counts."""

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
                box, finding = _chosen(material, subject, observer)
                yield finding
                whole = _curve(material, subject, observer, subject.box, subject.owner)
                cropped = _curve(material, subject, observer, box, subject.owner)
                yield _swept(material, subject, observer, whole, cropped)
                if len(subject.box) > len(subject.labels):
                    yield _across(material, subject, observer)
                if first is None:
                    first = subject, whole
                else:
                    yield _against(material, subject, observer, whole, *first)


def crossing(ratios: tuple[float, ...], gap: Float64[np.ndarray, "ratios"]) -> float:
    """Return r*: the largest ratio, interpolated, at which the gap in entropy is not negative.

    `gap` is the entropy of the easier set minus the other's at each ratio, from the largest. The
    answer is 1 if there is no advantage to begin with, and 0 if the advantage outlasts the ratios.
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


def _drawn(view: View, area: Int32[np.ndarray, "k 4"], times: int, name: str) -> Drawn:
    """Return `times` views inside each area, one after the other."""
    draws = [
        draw_epoch(view, area[:, None], seed=derive(0, "crops", name), epoch=epoch)
        for epoch in range(times)
    ]
    return Drawn(np.concatenate([d.box for d in draws]), np.concatenate([d.flip for d in draws]))


def _chosen(
    material: Material, subject: Subject, observer: AnyObserver
) -> tuple[Int32[np.ndarray, "k 4"], Finding]:
    """Choose each box's crop with the lowest NLL. Return the crops and what choosing changed."""
    k, plain = len(subject.box), material.plain(subject, observer)
    drawn = _drawn(Canvas(flip=0.0), subject.box, CANDIDATES, "candidates")
    looks = material.look(subject, observer, drawn, np.tile(subject.owner, CANDIDATES))
    looks = looks.reshape(CANDIDATES, k)
    best, every = looks["nll"].argmin(0), np.arange(k)
    box = drawn.box.reshape(CANDIDATES, k, 4)[best, every]
    crops = looks[best, every]
    changes = {
        (name, over): mean_estimate(_wide(crops[name]) - base)
        for name in ("nll", "entropy")
        for over, base in (("whole", _wide(plain[name])), ("crops", _wide(looks[name]).mean(0)))
    }
    facts = [
        material.fact(
            subject, f"{name} change(chosen=crops, from={over})", found, "nats", observer=observer
        )
        for (name, over), found in changes.items()
    ]
    against = contrary(plain, crops)
    facts.append(
        material.fact(
            subject,
            "lower nll, higher entropy(chosen=crops, from=whole)",
            share_estimate(against),
            observer=observer,
        )
    )
    parts = [
        f"{name} {interval(found)} from {'the whole image' if over == 'whole' else 'a random crop'}"
        for (name, over), found in changes.items()
    ]
    line = (
        f"{subject.name}: crops chosen by NLL change {'; '.join(parts)}; "
        f"{percent_interval(facts[-1])} have a lower NLL but a higher entropy"
    )
    return box, Finding(tuple(facts), (line,))


def contrary(
    before: Shaped[np.ndarray, " k"], after: Shaped[np.ndarray, " k"]
) -> Bool[np.ndarray, " k"]:
    """Return of which images the NLL fell while the entropy rose (Proposition 4.1)."""
    found: Bool[np.ndarray, " k"] = (after["nll"] < before["nll"]) & (
        after["entropy"] > before["entropy"]
    )
    return found


def _curve(
    material: Material,
    subject: Subject,
    observer: AnyObserver,
    area: Int32[np.ndarray, "k 4"],
    owner: Int64[np.ndarray, " k"],
) -> Curve:
    """Return the mean entropy of `DRAWS` training crops in each box's area, at each ratio."""
    views = [_drawn(Canvas(scale=(r, r)), area, DRAWS, f"ratio {r}") for r in RATIOS]
    box, flip = (np.concatenate([getattr(v, name) for v in views]) for name in ("box", "flip"))
    owners = np.tile(owner, DRAWS * len(RATIOS))
    looks = material.look(subject, observer, Drawn(box, flip), owners)
    curve: Curve = _wide(looks["entropy"]).reshape(len(RATIOS), DRAWS, -1).mean(1)
    return curve


def _swept(
    material: Material, subject: Subject, observer: AnyObserver, whole: Curve, cropped: Curve
) -> Finding:
    """Return both curves as facts, and r* of the chosen crops against their whole images."""
    facts = [
        *_facts(material, subject, observer, whole, ""),
        *_facts(material, subject, observer, cropped, ", chosen=crops"),
    ]
    found = star(cropped, whole, paired=True, seed=0)
    name = "r*(chosen=crops, from=whole)"
    facts.append(material.fact(subject, name, found, observer=observer))
    lines = [
        f"{subject.name}: entropy of training crops of {_SHOWN} of the area: {_listed(whole)}",
        f"{subject.name}: the same inside the chosen crops: {_listed(cropped)}; {_star(found)}",
    ]
    return Finding(tuple(facts), tuple(lines))


def _across(material: Material, subject: Subject, observer: AnyObserver) -> Finding:
    """Return the curve of crops across whole mosaics, which the patch view avoids."""
    tiles = subject.tile_box
    area = np.concatenate([tiles[..., :2].min(1), tiles[..., 2:].max(1)], axis=1)
    curve = _curve(material, subject, observer, area, np.arange(len(area)))
    facts = _facts(material, subject, observer, curve, ", view=canvas")
    return Finding(tuple(facts), (f"{subject.name}: across whole mosaics: {_listed(curve)}",))


def _facts(
    material: Material, subject: Subject, observer: AnyObserver, curve: Curve, options: str
) -> list[Fact]:
    return [
        material.fact(
            subject,
            f"entropy(crop={ratio}{options})",
            mean_estimate(values),
            "nats",
            observer=observer,
        )
        for ratio, values in zip(RATIOS, curve, strict=True)
    ]


def _against(
    material: Material,
    subject: Subject,
    observer: AnyObserver,
    whole: Curve,
    base: Subject,
    other: Float64[np.ndarray, "ratios j"],
) -> Finding:
    """Return r* of a set against the set `base`, whose curve is `other`."""
    found = star(whole, other, paired=False, seed=0)
    name = f"r*(from={base.digest[:12]})"
    line = f"{subject.name} against {base.name}: {_star(found)}"
    return Finding((material.fact(subject, name, found, observer=observer),), (line,))


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
