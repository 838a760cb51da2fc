"""Which images judge and are never scored: a split of the source, or a part cut off by content."""

from collections.abc import Callable, Collection

import numpy as np
from jaxtyping import Bool, Int64, Shaped

FRACTION = 0.2
CUT_OFF = "20 % of each class, chosen by content hash"
"""The sentence of the rule where a source has no held-out split of its own."""

VALIDATION = ("validation", "val", "valid")


def choose_split(
    available: Collection[str], labelled: Callable[[str], bool]
) -> tuple[str | None, str]:
    """Choose the held-out split and say so in one sentence; None means to cut one off.

    `test` where it has labels, else the validation split.
    """
    if "test" in available and labelled("test"):
        return "test", "test split of the source"
    why = "its test split has no labels" if "test" in available else "it has no test split"
    for name in VALIDATION:
        if name in available and labelled(name):
            return name, f"{name} split of the source ({why})"
    return None, CUT_OFF


def cut_off(
    labels: Int64[np.ndarray, " n"],
    content: Shaped[np.ndarray, " n"],
    classes: tuple[str, ...],
) -> Bool[np.ndarray, " n"]:
    """Mark the 20 % of each class with the smallest content hashes, at least one image.

    `content` is the hash of each image's bytes. Equal images of one class fall on the same side, so
    no held-out image has a copy left in its class's training images; a class may then give a little
    more than its fifth. A copy under another class, where the labels contradict each other anyway,
    may fall on the other side.

    Raises ValueError naming a class that has no two different images.
    """
    held = np.zeros(len(labels), bool)
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=len(classes)))
    for name, members in zip(classes, np.split(order, ends[:-1]), strict=True):
        hashes = content[members]
        last = np.sort(hashes)[max(1, round(FRACTION * len(members))) - 1]
        chosen = hashes <= last
        if chosen.all():
            raise ValueError(
                f"The class {name!r} has {len(members)} image(s), all the same, and the source "
                "has no held-out split, so one different image must be held out. Add images to "
                "the class, or a test split."
            )
        held[members[chosen]] = True
    return held
