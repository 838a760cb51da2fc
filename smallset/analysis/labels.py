"""Labels: class balance, likely wrong labels, and the easiest and hardest image of each class."""

import json
from collections.abc import Iterator

import numpy as np

from smallset.analysis.material import Analysis, Finding, Looks, Material
from smallset.analysis.subject import Subject
from smallset.analysis.text import percent_interval, shown
from smallset.evidence.estimates import Estimate, mean_estimate, share_estimate
from smallset.observers import AnyObserver, Observer
from smallset.records import Fact
from smallset.shapes import Bool, Float64
from smallset.train.views import Drawn

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
            usual = _usual(material, observer)
            for subject in material.subjects:
                yield _through(material, subject, observer, usual)


def balance(counts: np.ndarray) -> float:
    """Return the entropy of the classes' shares over that of equal shares.

    It is 1 for equal classes, and 0 if all images are of one class or there is one class.
    """
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts))) if len(counts) > 1 else 0.0


def doubtful(
    looks: Looks, usual: Float64[np.ndarray, " c"], labels: np.ndarray
) -> Bool[np.ndarray, " k"]:
    """Return which labels are likely wrong, by confident learning (arXiv 1911.00068, eq. 1).

    A label is doubtful if the network prefers another class, with at least the `usual` probability
    of that class: the mean probability that the class's own images give to it.
    """
    wrong: Bool[np.ndarray, " k"] = (looks["top"] != labels) & (
        1 - looks["doubt"] >= usual[looks["top"]]
    )
    return wrong


def _usual(material: Material, observer: AnyObserver) -> Float64[np.ndarray, " c"]:
    """Return the mean probability of each class over its held-out images.

    A network has often learned its training images by heart, so those serve only if nothing is held
    out. A class without images is never usual.
    """
    subject = material.held_out if len(material.held_out.labels) else material.train
    own = np.exp(-material.plain(subject, observer)["nll"].astype(np.float64))
    classes = len(material.data.train.classes)
    counts = np.bincount(subject.labels, minlength=classes)
    sums = np.bincount(subject.labels, own, classes)
    means: Float64[np.ndarray, " c"] = np.full(classes, np.inf)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _through(
    material: Material, subject: Subject, observer: AnyObserver, usual: Float64[np.ndarray, " c"]
) -> Finding:
    looks, labels = _sources(material, subject, observer), subject.box_labels
    names = list(map(shown, material.data.train.classes.names))
    wrong = doubtful(looks, usual, labels)
    fact = material.fact(subject, "doubtful labels", share_estimate(wrong), observer=observer)
    first = np.flatnonzero(wrong)[np.argsort(looks["margin"][wrong], kind="stable")][:_LISTED]
    listed = "; ".join(
        f"{subject.id(int(i))} as {names[labels[i]]} (looks like {names[looks['top'][i]]})"
        for i in first
    )
    more = f" and {wrong.sum() - len(first):,} more" if wrong.sum() > len(first) else ""
    lines = [
        f"{subject.name}: {percent_interval(fact)} of labels doubtful"
        + (f": {listed}{more}" if listed else "")
    ]
    facts = [fact, *_run(material, subject, observer)]
    told = subject in material.sets or not material.sets  # the lines of splits would bury the sets'
    for c, name in enumerate(names):
        rows = np.flatnonzero(labels == c)
        if not len(rows):
            continue
        nll = looks["nll"][rows]
        given = json.dumps(material.data.train.classes.names[c])
        facts.append(
            material.fact(
                subject, f"nll(class={given})", mean_estimate(nll), "nats", observer=observer
            )
        )
        if c < _CLASSES and told:
            easy, hard = rows[nll.argmin()], rows[nll.argmax()]
            lines.append(
                f"  {name}: easiest {subject.id(int(easy))} (NLL {nll.min():.3f}), "
                f"hardest {subject.id(int(hard))} (NLL {nll.max():.3f})"
            )
    if len(names) > _CLASSES and told:
        lines.append(f"  and {len(names) - _CLASSES:,} more classes, whose means are facts")
    return Finding(tuple(facts), tuple(lines))


def _sources(material: Material, subject: Subject, observer: AnyObserver) -> Looks:
    """Look at the whole source image of every box if it is known, or else at the box.

    A tile is an image of fewer pixels, which a network may not know although its label is right.
    """
    train, shown_images = material.train, subject.sources
    if subject is train or shown_images.shape[1] > 1 or (shown_images < 0).any():
        return material.plain(subject, observer)
    owner = shown_images[:, 0]
    whole = Drawn(train.box[owner], np.zeros(len(owner), bool))
    return material.look(train, observer, whole, owner)


def _run(material: Material, subject: Subject, observer: AnyObserver) -> list[Fact]:
    """Return the share of shown training images with a negative AUM (arXiv 2001.10528).

    Only an observer that was trained here has a run, and only known sources have a place in it.
    """
    shown_images = subject.sources[subject.sources >= 0]
    if not isinstance(observer, Observer) or len(shown_images) < subject.sources.size:
        return []
    run = material.seen.dynamics(observer)
    aum = run.reduced(lambda margin: margin.mean(0), "margin")[shown_images]
    return [material.fact(subject, "negative aum", share_estimate(aum < 0), observer=observer)]
