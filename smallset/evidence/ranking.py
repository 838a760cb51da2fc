"""The scores of DD-Ranking (arXiv 2505.13300), which compare a set with full and random data."""

import math


def lrs(hlr: float, ior: float) -> float:
    """Return the label-robust score, (e^a - e^-1) / (e - e^-1) of a = w IOR - (1 - w) HLR, w = 0.5.

    HLR is the accuracy of the full data minus that of the set, both with hard labels. IOR is the
    accuracy of the set minus that of a random set with the same labels. Both are fractions in
    -1..1. Range 0..1, larger is better; a set equal to random and to the full data has 0.269.
    """
    return _score((ior - hlr) / 2)


def ars(augmented: float, plain: float) -> float:
    """Return the augmentation-robust score, (e^b - e^-1) / (e - e^-1) of b = g dAug + (1-g) dNoAug.

    `augmented` and `plain` are the improvements over random (see `lrs`) of students trained with
    and without augmentation; g = 0.5. Range 0..1, larger is better.
    """
    return _score((augmented + plain) / 2)


def _score(value: float) -> float:
    """Map -1..1 onto 0..1 exponentially."""
    least = math.exp(-1)
    return (math.exp(value) - least) / (math.e - least)
