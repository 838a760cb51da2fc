"""Whose class is whose: a foreign set's classes among the data's, by name or WordNet id."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from smallset.records import Classes, composed
from smallset.store.match import check_forms

_SHAPE = '{"names": ["tench", ...], "wnids": ["n01440764", ...]}'


def match_classes(
    own: Sequence[str], classes: Classes, *, set: str, data: str, naming: Path | None
) -> Int64[np.ndarray, " c"]:
    """Return the data's index of each of a set's classes, by name and never by position.

    Two Unicode forms of a name are the same name. If names differ, `naming` is a JSON file whose
    equally long lists "names" and "wnids" pair the two. `set` and `data` name both sides in
    messages. Raises ValueError listing every class without a counterpart on the other side, and
    every two of one side that are the same class.
    """
    check_forms(own, f"the set '{set}'")
    check_forms(classes.names, f"the data {data!r}")
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
            f"{_listed(meeting)} are several names of the same. Needed one class for each. "
            "Merge them in the set."
        )
    return np.array([index[n] for n in names if n is not None], np.int64)


def read_naming(path: Path) -> dict[str, tuple[str, ...]]:
    """Read which WordNet ids a name goes by, and which names a WordNet id; other fields are free.

    Names and ids are in the Unicode form NFC.
    Raises FileNotFoundError for no file, ValueError for one without the two lists of texts.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"the file of class names '{path}' does not exist. Give --classes a JSON file {_SHAPE}."
        )
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"the file of class names '{path}' is not valid JSON ({error}). Needed {_SHAPE}. "
            "Correct it."
        ) from error
    names, wnids = (_texts(value, key) for key in ("names", "wnids"))
    if not names or len(names) != len(wnids):
        raise ValueError(
            f"the file of class names '{path}' has {len(names)} texts in 'names' and {len(wnids)} "
            f"in 'wnids'. Needed as many of each, as in {_SHAPE}. Correct it."
        )
    others: dict[str, tuple[str, ...]] = {}
    for name, wnid in zip(names, wnids, strict=True):
        others[name] = (*others.get(name, ()), wnid)
        others[wnid] = (*others.get(wnid, ()), name)
    return others


def _counterpart(
    own: str, index: Mapping[str, int], others: Mapping[str, tuple[str, ...]]
) -> str | None:
    """Find the data's name for a class; none where it has no name there, or two ("crane")."""
    own = composed(own)
    found = [own] if own in index else [n for n in others.get(own, ()) if n in index]
    return found[0] if len(found) == 1 else None


def _texts(value: object, key: str) -> list[str]:
    found = value.get(key) if isinstance(value, dict) else None
    whole = isinstance(found, list) and all(isinstance(text, str) for text in found)
    return [composed(text) for text in found] if whole and isinstance(found, list) else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
