"""CDA: SRe2L whose crops begin with the whole image and become smaller."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from smallset.synthesis.augment import Curve
from smallset.synthesis.optimised import Numbers
from smallset.synthesis.recover import Recipe
from smallset.synthesis.sre2l import SRe2L
from smallset.synthesis.synthesis import check_numbers


@dataclass(frozen=True)
class CDA(SRe2L):
    """SRe2L with crops from easy to hard: whole images first (arXiv 2311.18838).

    The least area of a crop falls from 1 to that of `area` over the first `milestone` of the
    iterations (a share; 0 is SRe2L), along a `curve`.
    """

    milestone: float = 1.0
    curve: Curve = "cosine"

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(4000, 0.25, 100, (0, 32), r_bn=0.01),
        "tiny": Numbers(4000, 0.4, 100, (0, 4), r_bn=0.05),
        # Nothing is published for CIFAR: SRe2L's numbers, with CDA's crops.
        "cifar": Numbers(1000, 0.25, 100, (0, 4), r_bn=0.01),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        within = 0 <= self.milestone <= 1
        check_numbers(self, milestone=(within, "a share of the iterations, in 0..1"))

    def recipe(self, size: int) -> Recipe:
        """Return the recipe of the engine, with crops from easy to hard."""
        recipe = super().recipe(size)
        augment = replace(recipe.augment, milestone=self.milestone, curve=self.curve)
        return replace(recipe, augment=augment)
