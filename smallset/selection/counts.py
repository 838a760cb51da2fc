"""What every selector asks of its budget: that each class has what is wanted of it."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Int64

from smallset.records import Selection
from smallset.selection.pool import Pool

Choose = Callable[[Int64[np.ndarray, " m"], int, str], Int64[np.ndarray, " k"]]
"""Given the images of a part, how many are wanted, and the part's name, gives those it chooses."""


def check_counts(pool: Pool, counts: Int64[np.ndarray, " c"]) -> None:
    """Raise ValueError, naming the poorest class, unless each has as many images as wanted."""
    have = np.bincount(pool.labels, minlength=pool.classes)
    if len(counts) != pool.classes or counts.min(initial=0) < 0 or counts.sum() < 1:
        raise ValueError(
            f"the images wanted a class are {counts.tolist()}, but needed are {pool.classes} "
            "counts, none negative and not all 0. Give one for each class."
        )
    short = np.flatnonzero(have < counts)
    if len(short):
        c = int(short[np.argmin(have[short] - counts[short])])
        raise ValueError(
            f"{counts[c]} images of class {c} were asked for, but it has {have[c]}. "
            f"Ask for at most {have[c]}."
        )


def check_total(pool: Pool, counts: Int64[np.ndarray, " c"]) -> int:
    """Give how many are wanted of all; raise ValueError where there are fewer."""
    total = int(counts.sum())
    if not 1 <= total <= len(pool):
        raise ValueError(
            f"{total} images were asked for, but there are {len(pool)}. "
            f"Ask for at least 1 and at most {len(pool)}."
        )
    return total


def by_class(indices: Int64[np.ndarray, " k"], pool: Pool) -> Selection:
    """Put a choice class after class, in order of choice within each."""
    return Selection(indices[np.argsort(pool.labels[indices], kind="stable")])


def part_by_part(
    choose: Choose, pool: Pool, counts: Int64[np.ndarray, " c"], *, balanced: bool
) -> Selection:
    """Choose of each class its count or, where not balanced, of all images the sum of the counts.

    A part is named "class 3" or "all classes", which is also a key of its draws.
    """
    if not balanced:
        total = check_total(pool, counts)
        return by_class(choose(np.arange(len(pool)), total, "all classes"), pool)
    check_counts(pool, counts)
    chosen = [
        choose(of_class, int(count), f"class {c}")
        for c, (of_class, count) in enumerate(zip(pool.members(), counts, strict=True))
        if count
    ]
    return Selection(np.concatenate(chosen))


def check_left(left: int, count: int, *, option: str, part: str, of: int) -> None:
    """Raise ValueError where an option leaves fewer images of a part than are wanted."""
    if left < count:
        raise ValueError(
            f"{option} leaves {left} of the {of} images of {part}, but {count} were asked for. "
            f"Ask for at most {left}, or let the option leave more."
        )
