"""Labels: class balance, likely wrong labels, and the easiest and hardest image of each class."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from smallset.analysis.material import Analysis, Finding, Looks, Material, Sight
from smallset.analysis.text import percent_interval, shown
from smallset.evidence.estimates import Estimate, mean_estimate, share_estimate
from smallset.observers import Observer
from smallset.observers.record import reduced
from smallset.shapes import Bool, Float64

_LISTED = 5
_CLASSES = 10


class LabelQuality(Analysis):
    """Class balance, likely wrong labels, and the easiest and hardest image of each class.

    The labels of a set are checked by its whole source images, if they are known.
    """

    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield the balance of each subject, and then what each observer makes of its labels."""
        names = material.data.train.classes.names
        for subject in material.subjects:
            counts = np.bincount(subject.labels, minlength=len(names))
            found = Estimate(balance(counts), None, None, len(subject.labels))
            line = f"{subject.name}: {counts.min():,} to {counts.max():,} images a class"
            yield Finding((material.fact(subject, "balance", found),), (line,))
        for observer in material.observers:
            yield from material.headline(observer)
            # A network has often learned its training images by heart, so they set what is usual
            # only if nothing is held out.
            judge = material.held_out if len(material.held_out.labels) else material.train
            usual = _usual(Sight(material, judge, observer))
            for subject in material.subjects:
                yield _through(Sight(material, subject, observer), usual)


def balance(counts: np.ndarray) -> float:
    """Return the entropy of the classes' shares over that of equal shares.

    It is 1 for equal classes, and 0 if all images are of one class or there is one class.
    """
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts))) if len(counts) > 1 else 0.0


def doubtful(
    looks: Looks, usual: Float64[np.ndarray, " c"], labels: np.ndarray
) -> Bool[np.ndarray, " k"]:
    """Return a mask of likely wrong labels, by confident learning (arXiv 1911.00068, eq. 1).

    A label is doubtful if the network prefers another class, and gives that class at least its
    `usual` probability. This is the mean probability of a class over the images labelled with it.
    """
    wrong: Bool[np.ndarray, " k"] = (looks["top"] != labels) & (
        1 - looks["doubt"] >= usual[looks["top"]]
    )
    return wrong


def _usual(sight: Sight) -> Float64[np.ndarray, " c"]:
    """Return the mean probability of each class over its images.

    The mean of a class without images is infinite, so no label is doubted in its favour.
    """
    own = np.exp(-sight.whole()["nll"].astype(np.float64))
    classes, labels = len(sight.material.data.train.classes), sight.subject.labels
    counts = np.bincount(labels, minlength=classes)
    means: Float64[np.ndarray, " c"] = np.full(classes, np.inf)
    np.divide(np.bincount(labels, own, classes), counts, out=means, where=counts > 0)
    return means


def _through(sight: Sight, usual: Float64[np.ndarray, " c"]) -> Finding:
    material, subject = sight.material, sight.subject
    looks, labels = _sources(sight), subject.box_labels
    given = material.data.train.classes.names
    names = list(map(shown, given))
    wrong = doubtful(looks, usual, labels)
    share = share_estimate(wrong)
    first = np.flatnonzero(wrong)[np.argsort(looks["margin"][wrong], kind="stable")][:_LISTED]
    listed = "; ".join(
        f"{subject.id(int(i))} as {names[labels[i]]} (looks like {names[looks['top'][i]]})"
        for i in first
    )
    more = f" and {wrong.sum() - len(first):,} more" if wrong.sum() > len(first) else ""
    lines = [
        f"{subject.name}: {percent_interval(share)} of labels doubtful"
        + (f": {listed}{more}" if listed else "")
    ]
    facts = [sight.fact("doubtful labels", share)]
    if (negative := _negative_aum(sight)) is not None:
        facts.append(sight.fact("negative aum", share_estimate(negative)))
    told = subject in material.sets or not material.sets  # lines of splits would bury the sets'
    for c, name in enumerate(names):
        rows = np.flatnonzero(labels == c)
        if not len(rows):
            continue
        nll = looks["nll"][rows]
        facts.append(sight.fact(f"nll(class={json.dumps(given[c])})", mean_estimate(nll), "nats"))
        if c < _CLASSES and told:
            easy, hard = rows[nll.argmin()], rows[nll.argmax()]
            lines.append(
                f"  {name}: easiest {subject.id(int(easy))} (NLL {nll.min():.3f}), "
                f"hardest {subject.id(int(hard))} (NLL {nll.max():.3f})"
            )
    if len(names) > _CLASSES and told:
        lines.append(f"  and {len(names) - _CLASSES:,} more classes, whose means are facts")
    return Finding(tuple(facts), tuple(lines))


def _sources(sight: Sight) -> Looks:
    """Look at the whole source image of every box if it is known, or else at the box.

    A tile has fewer pixels, so a network may not recognise it although its label is right.
    """
    train, sources = sight.material.train, sight.subject.sources
    if sight.subject is train or sources.shape[1] > 1 or (sources < 0).any():
        return sight.whole()
    owner = sources[:, 0]
    looks: Looks = replace(sight, subject=train).look([train.whole.take(owner)], owner)[0]
    return looks


def _negative_aum(sight: Sight) -> Bool[np.ndarray, " s"] | None:
    """Return which of the shown training images have a negative AUM (arXiv 2001.10528).

    None if the observer was not trained here and so has no run, or if a source is not known.
    """
    sources = sight.subject.sources.ravel()
    if not isinstance(sight.observer, Observer) or (sources < 0).any():
        return None
    run = sight.material.seen.dynamics(sight.observer)
    aum = reduced(lambda margin: margin.mean(0), run.ends, "margin")
    negative: Bool[np.ndarray, " s"] = aum[sources] < 0
    return negative
