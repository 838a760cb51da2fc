"""Scores say how hard each training image is; larger is harder."""

from smallset.scores.file import File
from smallset.scores.forgetting import Forgetting
from smallset.scores.grand import GraNd
from smallset.scores.output import AUM, EL2N, Entropy, LeastConfidence, Loss, Margin
from smallset.scores.score import Score
from smallset.scores.tdds import TDDS
from smallset.scores.uncertainty import DUAL, CADPrune, DynUnc

SCORES: dict[str, type[Score]] = {
    "el2n": EL2N,
    "grand": GraNd,
    "forgetting": Forgetting,
    "aum": AUM,
    "loss": Loss,
    "entropy": Entropy,
    "margin": Margin,
    "least-confidence": LeastConfidence,
    "tdds": TDDS,
    "dyn-unc": DynUnc,
    "dual": DUAL,
    "cad-prune": CADPrune,
    "file": File,
}

__all__ = [
    "AUM",
    "DUAL",
    "EL2N",
    "SCORES",
    "TDDS",
    "CADPrune",
    "DynUnc",
    "Entropy",
    "File",
    "Forgetting",
    "GraNd",
    "LeastConfidence",
    "Loss",
    "Margin",
    "Score",
]
