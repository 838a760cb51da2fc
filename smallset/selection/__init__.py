"""Selectors choose which images stay, class after class, in order of choice."""

from smallset.selection.beta import Beta
from smallset.selection.by_score import Easiest, Hardest, Middle, Random
from smallset.selection.ccs import CCS
from smallset.selection.d2 import D2
from smallset.selection.geometry import Herding, KCenter, Moderate
from smallset.selection.select import Pool, Select
from smallset.selection.spread import Spread

SELECTORS: dict[str, type[Select]] = {
    "easiest": Easiest,
    "hardest": Hardest,
    "random": Random,
    "middle": Middle,
    "ccs": CCS,
    "herding": Herding,
    "k-center": KCenter,
    "moderate": Moderate,
    "d2": D2,
    "spread": Spread,
    "beta": Beta,
}

__all__ = [
    "CCS",
    "D2",
    "SELECTORS",
    "Beta",
    "Easiest",
    "Hardest",
    "Herding",
    "KCenter",
    "Middle",
    "Moderate",
    "Pool",
    "Random",
    "Select",
    "Spread",
]
