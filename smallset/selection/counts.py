"""The one check every selector needs: that each class has what is asked of it."""

import numpy as np
from jaxtyping import Int64


def check_counts(labels: Int64[np.ndarray, " n"], *, classes: int, per_class: int) -> None:
    """Raise ValueError, naming the poorest class, unless each has `per_class` images."""
    counts = np.bincount(labels, minlength=classes)
    poorest = int(counts.argmin())
    if per_class < 1 or counts[poorest] < per_class:
        raise ValueError(
            f"{per_class} images per class were asked for, but class {poorest} has "
            f"{counts[poorest]}. Ask for at least 1 and at most {counts[poorest]}."
        )
