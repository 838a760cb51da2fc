"""Analyses: what is known of a set besides the accuracy of its students."""

from smallset.analysis.accuracy import EasyIsGood
from smallset.analysis.crops import Crops
from smallset.analysis.difficulty import Difficulty
from smallset.analysis.duplicates import Duplicates
from smallset.analysis.labels import LabelQuality
from smallset.analysis.material import Analysis

ANALYSES: dict[str, type[Analysis]] = {
    "difficulty": Difficulty,
    "labels": LabelQuality,
    "duplicates": Duplicates,
    "accuracy": EasyIsGood,
    "crops": Crops,
}

__all__ = ["ANALYSES", "Analysis"]
