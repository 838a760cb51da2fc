"""Which outputs of a teacher stand for which classes of the data: by name or WordNet id only."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from smallset.files import at_home

SAME = "same"
_IMAGENET = 1000


@dataclass(frozen=True)
class ClassList:
    """The classes that a teacher's outputs stand for: `labels` gives each name's output.

    `outputs` is how many the teacher has, `source` what the list is called in errors, `unclear` the
    names that stand for two outputs, as "crane" does among ImageNet's: no class is found by them.
    """

    labels: dict[str, int]
    outputs: int
    source: str
    unclear: frozenset[str] = frozenset()

    def pick(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        """Give the outputs of the data's classes, in the data's order.

        Raises ValueError listing the classes that the teacher does not have, or has twice.
        """
        unclear = [name for name in classes if name in self.unclear]
        if unclear:
            raise ValueError(
                f"{self.source} has {_listed(unclear)} twice, so what an output stands for is not "
                "clear. Needed each of the data's classes once. Use WordNet ids, or mend the file."
            )
        missing = [name for name in classes if name not in self.labels]
        if missing:
            raise ValueError(
                f"{self.source} has no class for {_listed(missing)} of the data's {len(classes)}; "
                f"it has {_listed(list(self.labels))}. Classes are matched by exact name or "
                "WordNet id. Give classes=FILE with the data's names for this teacher's outputs."
            )
        picked = tuple(self.labels[name] for name in classes)
        if len(set(picked)) < len(picked):
            twice = [n for n, p in zip(classes, picked, strict=True) if picked.count(p) > 1]
            raise ValueError(
                f"{self.source} gives one output to the classes {_listed(twice)}. Needed one "
                "each. Mend the file."
            )
        return picked


def same_classes(classes: tuple[str, ...]) -> ClassList:
    """Take the data's own classes in the data's own order, as `classes=same` says."""
    return ClassList({name: i for i, name in enumerate(classes)}, len(classes), "classes=same")


def listed_classes(names: Iterable[str], *, source: str) -> ClassList:
    """Take the names of a teacher's outputs, in order."""
    return _numbered([(name, i) for i, name in enumerate(names)], None, source)


def read_classes(file: str) -> ClassList:
    """Read the classes of a teacher's outputs.

    A JSON list or a text file with a line a class: the teacher's outputs in order, each a name or a
    WordNet id. A JSON object: `names` and `wnids` (either may be missing) in the order of the
    outputs or, with `imagenet_1k_index`, at those of a 1,000-class ImageNet teacher's outputs.
    Raises FileNotFoundError for no file, ValueError for one that lists no classes.
    """
    path = at_home(file)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no class file {file!r}. Needed a JSON list, a JSON object with names or "
            "wnids, or a text file with a line a class. Check the path in classes=FILE."
        )
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if text.lstrip()[:1] in ("[", "{") else text.splitlines()
    except (ValueError, RecursionError) as error:
        raise _bad(file, f"it cannot be read ({error})") from error
    source = f"the class file {file!r}"
    if isinstance(content, list):
        return listed_classes(_names(content, file), source=source)
    columns = [_names(content[key], file) for key in ("names", "wnids") if key in content]
    if not columns or len({len(column) for column in columns}) > 1:
        raise _bad(file, "its names and wnids are missing, or not equally many")
    index = content.get("imagenet_1k_index")
    places = list(range(len(columns[0]))) if index is None else _places(index, columns[0], file)
    pairs = [pair for column in columns for pair in zip(column, places, strict=True)]
    return _numbered(pairs, None if index is None else _IMAGENET, source)


def _names(entries: object, file: str) -> list[str]:
    if not isinstance(entries, list) or not entries:
        raise _bad(file, "it lists no classes")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, str) or not entry.strip():
            raise _bad(file, f"its entry {number} is {entry!r}")
    return [str(entry).strip() for entry in entries]


def _places(index: object, names: list[str], file: str) -> list[int]:
    good = isinstance(index, list) and all(type(i) is int and 0 <= i < _IMAGENET for i in index)
    if not isinstance(index, list) or not good or len(index) != len(names):
        raise _bad(file, f"imagenet_1k_index is not one number in 0..{_IMAGENET - 1} for each name")
    return index


def _numbered(pairs: list[tuple[str, int]], outputs: int | None, source: str) -> ClassList:
    labels = dict(pairs)
    unclear = frozenset(name for name, output in pairs if labels[name] != output)
    clear = {name: output for name, output in labels.items() if name not in unclear}
    return ClassList(clear, outputs or 1 + max(output for _, output in pairs), source, unclear)


def _bad(file: str, why: str) -> ValueError:
    return ValueError(
        f"the class file {file!r} is no list of classes: {why}. Needed a JSON list, a JSON object "
        "with names or wnids, or a text file with a line a class. Mend the file, or give another."
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{', '.join(map(repr, names[:10]))}{more}"
