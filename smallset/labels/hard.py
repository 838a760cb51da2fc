"""Hard labels: the class index, and nothing else."""

from dataclasses import dataclass
from typing import ClassVar

from smallset.labels.regime import OpenLabels, Regime
from smallset.store import TrainingSet
from smallset.train.protocol import StudentProtocol


@dataclass(frozen=True)
class Hard(Regime):
    """The class index, and nothing from outside the set."""

    soft: ClassVar[bool] = False

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> OpenLabels:
        """Return labels that cost nothing."""
        return OpenLabels(regime=self)
