"""The splits of a source: their names, which one is held out, and whether their classes agree."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import numpy as np

from smallset.data.source import Folder
from smallset.numbers import counted, listed
from smallset.records import composed
from smallset.shapes import Bool, Int64, Shaped

FRACTION = 0.2
CUT_OFF = "20 % of each class, chosen by content hash"
"""What is held out if a source has no held-out split of its own."""

VALIDATION = ("validation", "val", "valid")
# A copy from `datasets.data_files`, which takes a second to import. A test compares the two.
KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
SEPARATORS = "-._ 0-9"
"""The characters that may stand on either side of a split word in a name, besides "/"."""


def splits_named(path: str) -> set[str]:
    """Return the splits whose words, in lower case, are parts of a path."""
    words = set(re.split(rf"[{SEPARATORS}/]+", path))
    return {split for split, names in KEYWORDS.items() if words & set(names)}


def choose_split(
    available: Collection[str], labelled: Callable[[str], bool], chosen: Folder | None = None
) -> tuple[str | None, str]:
    """Return the name of the held-out split, and a sentence that says why.

    The held-out split is `test` if the user has chosen its files or if it has labels, else a
    validation split with labels. None means that a part of each class must be cut off.
    """
    if chosen is not None and chosen.test is not None:
        return "test", f"{chosen.test!r}, as given"
    if "test" in available and labelled("test"):
        return "test", "test split of the source"
    why = "its test split has no labels" if "test" in available else "it has no test split"
    for name in VALIDATION:
        if name in available and labelled(name):
            return name, f"{name} split of the source ({why})"
    return None, CUT_OFF


def why_unused(split: str, unlabelled: str) -> str:
    """Return why a split of the source is not used.

    `unlabelled` is the reason why the split has no labels, or "" if it has labels.
    """
    return unlabelled or ("for choosing only" if split in VALIDATION else "not needed")


def cut_off(
    labels: Int64[np.ndarray, " n"],
    content: Shaped[np.ndarray, " n"],
    classes: tuple[str, ...],
    *,
    or_else: str = "",
) -> Bool[np.ndarray, " n"]:
    """Mark the 20 % of each class with the smallest content hashes, at least one image.

    `content` is the hash of each image's bytes. Equal images of one class are on the same side, so
    a class may give a little more than 20 %. Equal images of different classes, whose labels
    contradict each other, may be on different sides.

    Raises ValueError naming a class that has no two different images. `or_else` ends the message.
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
                f"The class {name!r} has no two different images (it has "
                f"{counted(len(members), 'image')}), but one must be held out and a different one "
                f"stay. Add images to the class{or_else}."
            )
        held[members[chosen]] = True
    return held


def counterparts(own: Sequence[str], classes: Sequence[str], *, name: str, split: str) -> list[int]:
    """Return, for each of `classes`, the position in `own` of the same class.

    Names that differ in their Unicode form only (é as one character or as two) are the same, unless
    one side has both forms. `name` and `split` are the data set and the split of `own`, for the
    message. Raises ValueError naming the classes that only one side has.
    """
    if {*own} != {*classes} and _apart(own) and _apart(classes):
        own, classes = [composed(n) for n in own], [composed(n) for n in classes]
    extra = sorted({*own} - {*classes})
    lacking = sorted({*classes} - {*own})
    if extra or lacking:
        sides = (("class(es) unknown to train:", extra), ("lacks:", lacking))
        problems = [f"{what} {listed(names)}" for what, names in sides if names]
        raise ValueError(
            f"The {split} split of {name!r} differs from train in its classes; "
            f"{'; '.join(problems)}. Needed the same classes in both. Rename, add or remove them."
        )
    place = {name: o for o, name in enumerate(own)}
    return [place[name] for name in classes]


def _apart(names: Sequence[str]) -> bool:
    """Tell whether names are still different in their composed Unicode form."""
    return max(Counter(map(composed, names)).values(), default=1) == 1
