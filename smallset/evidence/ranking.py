"""The metrics of DD-Ranking (arXiv 2505.13300), which compare a set with full and random data."""

import math


def hlr(full: float, compressed: float) -> float:
    """Return the hard-label recovery gap: accuracy of the full data minus accuracy of the set.

    Both use hard labels and are fractions. Range -1..1; smaller is better, and below 0 the set
    beats the full data. Raises ValueError if an accuracy is outside 0..1.
    """
    return _fraction(full, "full") - _fraction(compressed, "compressed")


def ior(compressed: float, random: float) -> float:
    """Return the improvement over random: accuracy of the set minus accuracy of a random set.

    Both use the same labels and are fractions. Range -1..1; larger is better. Raises ValueError if
    an accuracy is outside 0..1.
    """
    return _fraction(compressed, "compressed") - _fraction(random, "random")


def lrs(hlr: float, ior: float, w: float = 0.5) -> float:
    """Return the label-robust score, (e^a - e^-1) / (e - e^-1) of a = w IOR - (1 - w) HLR.

    Range 0..1, larger is better; at w = 0.5 a set equal to random and to the full data has 0.269.
    Raises ValueError if `w` is outside 0..1, or HLR or IOR outside -1..1.
    """
    share = _fraction(w, "w")
    return _score(share * _difference(ior, "ior") - (1 - share) * _difference(hlr, "hlr"))


def ars(augmented: float, plain: float, g: float = 0.5) -> float:
    """Return the augmentation-robust score, (e^b - e^-1) / (e - e^-1) of b = g dAug + (1-g) dNoAug.

    `augmented` and `plain` are the improvements over random (see `ior`) of students trained with
    and without augmentation. Range 0..1, larger is better. Raises ValueError if `g` is outside 0..1
    or an improvement outside -1..1.
    """
    share = _fraction(g, "g")
    return _score(
        share * _difference(augmented, "augmented") + (1 - share) * _difference(plain, "plain")
    )


def _score(value: float) -> float:
    """Map -1..1 onto 0..1 exponentially."""
    least = math.exp(-1)
    return (math.exp(value) - least) / (math.e - least)


def _fraction(value: float, name: str) -> float:
    if not 0 <= value <= 1:
        raise ValueError(
            f"{name}={value} is not a fraction between 0 and 1. Give 0.5 for 50 %, and leave out "
            "what was not measured."
        )
    return value


def _difference(value: float, name: str) -> float:
    if not -1 <= value <= 1:
        raise ValueError(
            f"{name}={value} is not a difference of two fractions, between -1 and 1. Give 0.5 for "
            "50 points, and leave out what was not measured."
        )
    return value
