"""The metrics of DD-Ranking (arXiv 2505.13300), which compare a set with full and random data."""

import math


def hlr(full: float, compressed: float) -> float:
    """Return the hard-label recovery gap: accuracy of the full data minus accuracy of the set.

    Both use hard labels and are fractions. Range -1..1; smaller is better, and below 0 the set
    beats the full data. Raises ValueError if an accuracy is outside 0..1.
    """
    return _between(full, "full") - _between(compressed, "compressed")


def ior(compressed: float, random: float) -> float:
    """Return the improvement over random: accuracy of the set minus accuracy of a random set.

    Both use the same labels and are fractions. Range -1..1; larger is better. Raises ValueError if
    an accuracy is outside 0..1.
    """
    return _between(compressed, "compressed") - _between(random, "random")


def lrs(hlr: float, ior: float, w: float = 0.5) -> float:
    """Return the label-robust score, (e^a - e^-1) / (e - e^-1) of a = w IOR - (1 - w) HLR.

    Range 0..1, larger is better; at w = 0.5 a set equal to random and to the full data has 0.269.
    Raises ValueError if `w` is outside 0..1, or HLR or IOR outside -1..1.
    """
    share = _between(w, "w")
    return _score(share * _between(ior, "ior", -1) - (1 - share) * _between(hlr, "hlr", -1))


def ars(augmented: float, plain: float, g: float = 0.5) -> float:
    """Return the augmentation-robust score, (e^b - e^-1) / (e - e^-1) of b = g dAug + (1-g) dNoAug.

    `augmented` and `plain` are the improvements over random (see `ior`) of students trained with
    and without augmentation. Range 0..1, larger is better. Raises ValueError if `g` is outside 0..1
    or an improvement outside -1..1.
    """
    share = _between(g, "g")
    return _score(
        share * _between(augmented, "augmented", -1) + (1 - share) * _between(plain, "plain", -1)
    )


def _score(value: float) -> float:
    """Map -1..1 onto 0..1 exponentially."""
    least = math.exp(-1)
    return (math.exp(value) - least) / (math.e - least)


def _between(value: float, name: str, low: int = 0) -> float:
    if not low <= value <= 1:
        raise ValueError(
            f"{name}={value} is not between {low} and 1. Give 0.5 for 50 %, and leave out what was "
            "not measured."
        )
    return value
