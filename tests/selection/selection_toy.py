"""Pools for the tests of selectors, and each selector with room for any budget."""

from dataclasses import replace

import numpy as np

from smallset.selection import CCS, SELECTORS, Middle, Pool, Select

ROOMY: dict[str, Select] = {
    **{name: selector() for name, selector in SELECTORS.items()},
    "middle": Middle(quantiles=(0, 1)),
    "ccs": CCS(beta=0, strata=4),
}
"""Every selector by name; the two that leave images out leave out none."""


def pool_of(n: int = 60, classes: int = 3, *, width: int = 4, seed: int = 0) -> Pool:
    """Random labels (each class at least n // 2 / classes times), scores and features, no ties."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, n)
    labels[: n // 2] = np.arange(n // 2) % classes
    features = draw.normal(3, 1, (n, width)).astype(np.float32)
    probability = draw.random(n, np.float32)
    return Pool(
        draw.permutation(labels),
        classes,
        draw.permutation(np.linspace(0.01, 1.4, n, dtype=np.float32)),
        lambda: features,
        lambda: probability,
    )


def with_features(pool: Pool, features: np.ndarray) -> Pool:
    """Return the pool with other features."""
    return replace(pool, features=lambda: features)
