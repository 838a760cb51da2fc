"""Does a set belong to the data it is tested on? Class order is the field's silent failure."""

from collections.abc import Sequence

from smallset.records import Classes, composed
from smallset.store.manifest import Manifest


def check_classes(manifest: Manifest, classes: Classes, *, data: str) -> None:
    """Raise ValueError unless set and data have the same classes at the same indices.

    Two Unicode forms of a name are the same class. `data` names the data in the message.
    """
    if manifest.classes == classes.names:
        return
    check_forms(manifest.classes, "the set")
    check_forms(classes.names, f"the test data {data!r}")
    ours, theirs = (tuple(map(composed, side)) for side in (manifest.classes, classes.names))
    if ours == theirs:
        return
    if sorted(ours) == sorted(theirs):
        at = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        raise ValueError(
            f"the set and the test data {data!r} number their classes differently: class {at} is "
            f"{ours[at]!r} in the set and {theirs[at]!r} in the data. Accuracy would mean nothing. "
            "Test on the data that the set was made from."
        )
    only_set = [c for c in ours if c not in theirs]
    only_data = [c for c in theirs if c not in ours]
    raise ValueError(
        f"the set has {len(ours)} classes and the test data {data!r} has {len(theirs)}; "
        f"only in the set: {only_set[:3]}, only in the data: {only_data[:3]}. "
        "Test on the data that the set was made from."
    )


def check_forms(names: Sequence[str], owner: str) -> None:
    """Raise ValueError if two names are one in two Unicode forms; `owner` says whose they are."""
    forms: dict[str, str] = {}
    for name in names:
        first = forms.setdefault(composed(name), name)
        if first != name:
            raise ValueError(
                f"{owner} has the classes {first!a} and {name!a}, which are one name in "
                "two Unicode forms (NFC and another, such as NFD). Needed one class for each name. "
                "Rename one of them, or merge the two."
            )
