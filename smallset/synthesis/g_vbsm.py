"""G-VBSM: several observers in turn, all layers, and images of a class kept apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from smallset.lazy import F, Tensor, torch
from smallset.synthesis.layers import Pass
from smallset.synthesis.optimised import Numbers
from smallset.synthesis.pools import Pooled
from smallset.synthesis.recover import Look, Recipe
from smallset.synthesis.synthesis import check_numbers

SIDE = 32
"""The side in pixels at which images are compared."""


@dataclass(frozen=True)
class GVBSM(Pooled):
    """Noise changed by a pool of observers in turn, over all their layers (arXiv 2311.17950).

    The loss is the cross entropy plus `r_match` times the distances of means and variances. These
    are the statistics of channels and cells in the inputs of BatchNorm layers and, with
    `convolutions`, of convolutions. See `PoolTargets` for `memory`, `drop`, `patch` and `first`.
    Batches hold `batch` images class after class, or one image of each of `batch` classes
    (`together=rank`). `density` is the weight of a term that keeps the images of a class apart, at
    the temperature `tau`. `pool` is a name or a tuple of observers. An option that is None takes
    its number from the published `setting`.
    """

    density: float = 1.0
    tau: float = 4.0

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(
            4000, 0.1, 80, (0, 32), r_match=0.01, memory=0.4, patch=16,
            looked=Pass(256, (0.08, 1.0), 0.5),
        ),
        "tiny": Numbers(
            4000, 0.05, 100, (0, 32), (1, 1), r_match=0.01, pad=8, memory=0.8, drop=0.4,
            looked=Pass(64, (1, 1), 0.5, 8),
        ),
        # Observers that have hardly learned are a part of the recipe.
        "cifar": Numbers(
            4000, 0.05, 100, (0, 32), (1, 1), r_match=0.01, pad=4, memory=0.8, drop=0.4,
            looked=Pass(64, (1, 1), 0.5, 4), epochs=5,
        ),
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(
            self,
            density=(self.density >= 0, "a weight of 0 or more"),
            tau=(self.tau > 0, "a temperature above 0"),
        )

    def recipe(self, size: int) -> Recipe:
        """Return the recipe of the engine, with the term of `density` if that is above 0."""
        recipe = super().recipe(size)
        if not self.density:
            return recipe
        return replace(recipe, terms=(partial(Density, self.density, self.tau),))


@dataclass(frozen=True)
class Density:
    """Data densification: the divergence of the spectrum of a class's images from a flatter one.

    For each class with two or more images in the batch, the term is KL(softmax(e / tau) ||
    softmax(e)), in which e are the eigenvalues of the images' Gram matrix. The first softmax has no
    gradient.
    """

    weight: float
    tau: float

    def __call__(self, look: Look) -> Tensor:
        """Return `weight` times the sum over the classes of the batch."""
        total = look.view.new_zeros(())
        small = F.adaptive_avg_pool2d(look.view, SIDE).flatten(1)
        for label in sorted({*look.labels.tolist()}):
            own = small[look.labels == label]
            if len(own) > 1:
                spectrum = torch.linalg.eigvalsh(own @ own.T)
                flatter = (spectrum.detach() / self.tau).softmax(0)
                log_q = spectrum.log_softmax(0)
                total = total + F.kl_div(log_q, flatter, reduction="sum")
        return self.weight * total
