"""CDA: SRe2L whose crops begin with the whole image and become smaller."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from smallset.synthesis.augment import Augment, Curve
from smallset.synthesis.sre2l import Numbers, SRe2L


@dataclass(frozen=True)
class CDA(SRe2L):
    """SRe2L with crops from easy to hard: whole images first (arXiv 2311.18838).

    The least area of a crop falls from 1 to that of `area` over the first `milestone` of the
    iterations (a share; 0 is SRe2L), along a `curve`.
    """

    milestone: float = 1.0
    curve: Curve = "cosine"

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(4000, 0.25, 0.01, 100, (0, 32)),
        "tiny": Numbers(4000, 0.4, 0.05, 100, (0, 4)),
        # Nothing is published for CIFAR: SRe2L's numbers, with the crops that CDA is about.
        "cifar": Numbers(1000, 0.25, 0.01, 100, (0, 4)),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.milestone <= 1:
            raise ValueError(
                f"cda's milestone={self.milestone} is not a share of the iterations. "
                "Give a number in 0..1."
            )

    def _augment(self, numbers: Numbers) -> Augment:
        return replace(super()._augment(numbers), milestone=self.milestone, curve=self.curve)
