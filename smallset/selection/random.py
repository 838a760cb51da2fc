"""Random: the baseline in every table."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.counts import check_counts


@dataclass(frozen=True)
class Random:
    """A random draw of each class without replacement, anew for every set seed."""

    needs_scores: ClassVar[bool] = False

    def __call__(
        self,
        values: Float32[np.ndarray, " n"] | None,
        labels: Int64[np.ndarray, " n"],
        *,
        classes: int,
        per_class: int,
        seed: int,
    ) -> Selection:
        """Choose `per_class` of every class; the values change nothing."""
        check_counts(labels, classes=classes, per_class=per_class)
        # One sort for all classes: a scan a class would read n labels c times.
        order = np.argsort(labels, kind="stable")
        members = np.split(order, np.searchsorted(labels[order], np.arange(1, classes)))
        chosen = [
            generator(seed, "random", c).permutation(of_class)[:per_class]
            for c, of_class in enumerate(members)
        ]
        return Selection(np.concatenate(chosen))
