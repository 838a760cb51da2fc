"""Match the classes of a set with those of data, because a wrong order raises no error."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.records import Classes, composed
from smallset.shapes import Int64
from smallset.typed import read_json

_SHAPE = '{"names": ["tench", ...], "wnids": ["n01440764", ...]}'


@dataclass(frozen=True)
class _Naming:
    names: tuple[str, ...]
    wnids: tuple[str, ...]


def check_classes(own: Sequence[str], classes: Classes, *, data: str) -> None:
    """Raise ValueError unless a set's `own` classes are the data's, at the same indices.

    Two Unicode forms of a name count as the same class. `data` is the name used in messages.
    """
    if tuple(own) == classes.names:
        return
    _check_forms(own, "the set")
    _check_forms(classes.names, f"the test data {data!r}")
    ours, theirs = (tuple(map(composed, side)) for side in (own, classes.names))
    if ours == theirs:
        return
    if sorted(ours) == sorted(theirs):
        at = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        raise ValueError(
            f"the set and the test data {data!r} number their classes differently: class {at} is "
            f"{ours[at]!r} in the set and {theirs[at]!r} in the data. Accuracy would mean nothing. "
            "Test on the data from which the set was made."
        )
    only_set = [c for c in ours if c not in theirs]
    only_data = [c for c in theirs if c not in ours]
    raise ValueError(
        f"the set has {len(ours)} classes and the test data {data!r} has {len(theirs)}; "
        f"only in the set: {only_set[:3]}, only in the data: {only_data[:3]}. "
        "Test on the data from which the set was made."
    )


def match_classes(
    own: Sequence[str], classes: Classes, *, set: str, data: str, naming: Path | None
) -> Int64[np.ndarray, " c"]:
    """Return the data's class index for each class of a set.

    Classes are matched by name, never by position. Two Unicode forms of a name count as the same
    name. If names differ, `naming` is a JSON file with the equally long lists "names" and "wnids",
    which pair names with WordNet ids. `set` and `data` are the names of both sides in messages.
    Raises a ValueError that lists every class without a counterpart, or the classes of the set that
    have the same counterpart.
    """
    _check_forms(own, f"the set '{set}'")
    _check_forms(classes.names, f"the data {data!r}")
    index = {composed(name): c for c, name in enumerate(classes.names)}
    others = {} if naming is None else read_naming(naming)
    names = [_counterpart(o, index, others) for o in own]
    unknown = [o for o, n in zip(own, names, strict=True) if n is None]
    known = frozenset(names)
    lacking = [n for n in classes.names if composed(n) not in known]
    if unknown or lacking:
        sides = (("only in the set", unknown), ("only in the data", lacking))
        listed = "; ".join(f"{side}: {_listed(some)}" for side, some in sides if some)
        found = "" if naming is None else f", with the names of '{naming}'"
        raise ValueError(
            f"the {len(own)} classes of the set '{set}' are not the {len(classes)} of the data "
            f"{data!r}{found}: {listed}. Needed the same classes by name or WordNet id; they are "
            f"never matched by position. Rename them, or give --classes a JSON file {_SHAPE}."
        )
    if len(known) < len(names):
        times = Counter(names)
        meeting = [o for o, n in zip(own, names, strict=True) if times[n] > 1]
        raise ValueError(
            f"the set '{set}' has {len(own)} classes for the {len(classes)} of the data {data!r}: "
            f"{_listed(meeting)} are several names of the same class. Needed one class for each. "
            "Merge them in the set."
        )
    return np.array([index[n] for n in names if n is not None], np.int64)


def read_naming(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the WordNet ids of each name and the names of each WordNet id, in Unicode form NFC.

    Other fields of the file are ignored. Raises FileNotFoundError if there is no file, and
    ValueError for a file without the two lists of texts.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"the file of class names '{path}' does not exist. Give --classes a JSON file {_SHAPE}."
        )
    where = f"the file of class names '{path}'"
    advice = f"Needed {_SHAPE}. Correct it."
    found = read_json(path.read_bytes(), _Naming, where=where, advice=advice, more=True)
    names, wnids = (list(map(composed, texts)) for texts in (found.names, found.wnids))
    if not names or len(names) != len(wnids):
        raise ValueError(
            f"{where} has {len(names)} texts in 'names' and {len(wnids)} in 'wnids'. Needed as "
            f"many of each, as in {_SHAPE}. Correct it."
        )
    others: dict[str, tuple[str, ...]] = {}
    for name, wnid in zip(names, wnids, strict=True):
        others[name] = (*others.get(name, ()), wnid)
        others[wnid] = (*others.get(wnid, ()), name)
    return others


def _check_forms(names: Sequence[str], owner: str) -> None:
    """Raise ValueError if two names of `owner` are Unicode forms of the same name."""
    forms: dict[str, str] = {}
    for name in names:
        first = forms.setdefault(composed(name), name)
        if first != name:
            raise ValueError(
                f"{owner} has the classes {first!a} and {name!a}, which are one name in "
                "two Unicode forms (NFC and another, such as NFD). Needed one class for each name. "
                "Rename one of them, or merge the two."
            )


def _counterpart(
    own: str, index: Mapping[str, int], others: Mapping[str, tuple[str, ...]]
) -> str | None:
    """Return the data's name for a class, None if it has none or two there ("crane")."""
    own = composed(own)
    found = [own] if own in index else [n for n in others.get(own, ()) if n in index]
    return found[0] if len(found) == 1 else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
