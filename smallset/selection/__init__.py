"""Selectors: which images stay, class after class, in order of choice; one file a selector."""

from smallset.selection.beta import Beta
from smallset.selection.by_score import Easiest, Hardest
from smallset.selection.ccs import CCS
from smallset.selection.d2 import D2
from smallset.selection.herding import Herding
from smallset.selection.k_center import KCenter
from smallset.selection.middle import Middle
from smallset.selection.moderate import Moderate
from smallset.selection.pool import Pool
from smallset.selection.random import Random
from smallset.selection.select import Select

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
]
