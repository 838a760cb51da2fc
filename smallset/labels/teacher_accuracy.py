"""The accuracy of a teacher on the held-out images, measured once and checked against chance.

Soft labels carry the teacher's knowledge into the student, so a result states this accuracy if the
teacher is at hand.
"""

from pathlib import Path

import numpy as np

from smallset.data.work import kept_number
from smallset.models import Teacher
from smallset.records import Progress
from smallset.shapes import Int64
from smallset.train.device import Machine
from smallset.train.evaluation import predict
from smallset.train.run import component_versions
from smallset.train.shown import Images


def teacher_top1(
    teacher: Teacher,
    images: Images,
    labels: Int64[np.ndarray, " n"],
    *,
    data: str,
    machine: Machine,
    work: Path,
    progress: Progress | None = None,
) -> float:
    """Return the teacher's top-1 on held-out images, a fraction. The work folder keeps the value.

    `data` is the fingerprint of the data. Raises ValueError if the teacher is not clearly better
    than a constant guess of the largest class. Then its classes or its normalisation are probably
    wrong.
    """
    facts = {
        "versions": component_versions(),
        "sha256": teacher.sha256,
        "data": data,
        "size": images.size,
        "device": machine.kind,
        "precision": machine.precision,
        "threads": machine.threads,
    }

    def measure() -> float:
        network, stage = machine.place(teacher.network), "test teacher"
        parts = predict(network, images, machine=machine, stage=stage, progress=progress)
        hits = (logits.argmax(1).cpu().numpy() == labels[indices] for indices, logits in parts)
        return int(sum(one.sum() for one in hits)) / len(images)

    top1 = kept_number(work, "teachers", "top1", facts, measure)
    _check(teacher.spec, top1, labels, images.size)
    return top1


def _check(spec: str, top1: float, labels: Int64[np.ndarray, " n"], size: int) -> None:
    """Raise ValueError if the accuracy is within three standard errors of chance.

    For few images, it must only be above half of the way from chance to 1.
    """
    chance = float(np.bincount(labels).max() / len(labels))
    error = (chance * (1 - chance) / len(labels)) ** 0.5
    if top1 <= chance + min(3 * error, (1 - chance) / 2):
        raise ValueError(
            f"the teacher {spec!r} has {100 * top1:.2f} % top-1 on the {len(labels):,} held-out "
            f"images at {size} px, but needs to be clearly above the {100 * chance:.2f} % of "
            "chance: its classes or its normalisation are probably wrong. Check its classes, mean "
            "and std, or give another teacher."
        )
