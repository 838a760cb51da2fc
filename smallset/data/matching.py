"""The classes of one split among those of another: by name, whatever the Unicode form."""

from collections import Counter
from collections.abc import Sequence

from smallset.data.source import first_names
from smallset.records import composed


def counterparts(own: Sequence[str], classes: Sequence[str], *, name: str, split: str) -> list[int]:
    """Return, for each of `classes`, the position in `own` of the same class.

    Names that differ in their Unicode form only (é as one character or as two) are the same, unless
    one side has both forms. `name` and `split` say in messages whose classes `own` are. Raises
    ValueError naming the classes that only one side has.
    """
    if {*own} != {*classes} and _apart(own) and _apart(classes):
        own, classes = [composed(n) for n in own], [composed(n) for n in classes]
    extra = sorted({*own} - {*classes})
    lacking = sorted({*classes} - {*own})
    if extra or lacking:
        sides = (("class(es) unknown to train:", extra), ("lacks:", lacking))
        problems = [f"{what} {first_names(names)}" for what, names in sides if names]
        raise ValueError(
            f"The {split} split of {name!r} differs from train in its classes; "
            f"{'; '.join(problems)}. Needed the same classes in both. Rename, add or remove them."
        )
    place = {name: o for o, name in enumerate(own)}
    return [place[name] for name in classes]


def _apart(names: Sequence[str]) -> bool:
    """Tell whether names stay different in their composed form."""
    return max(Counter(map(composed, names)).values(), default=1) == 1
