"""Which outputs of a teacher stand for which classes of the data: by name or WordNet id only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from smallset.files import at_home
from smallset.typed import read_json, typed

SAME = "same"
_IMAGENET = 1000
_SHAPES = "a JSON list, a JSON object with names or wnids, or a text file with a line a class"


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
            f"there is no class file {file!r}. Needed {_SHAPES}. Check the path in classes=FILE."
        )
    source, advice = (
        f"the class file {file!r}",
        f"Needed {_SHAPES}. Mend the file, or give another.",
    )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is not a text file ({error}). {advice}") from error
    if text.lstrip()[:1] == "{":
        content = read_json(text, _Listed, where=source, advice=advice, more=True)
        return content.numbered(source, advice)
    if text.lstrip()[:1] != "[":
        names = typed(text.splitlines(), _Names, where=source, advice=advice)
    else:
        names = read_json(text, _Names, where=source, advice=advice)
    return listed_classes(map(str.strip, names), source=source)


_Name = Annotated[str, Meta(pattern=r"\S", description="a name or a WordNet id")]
_Names = Annotated[list[_Name], Meta(min_length=1)]
_Output = Annotated[int, Meta(ge=0, lt=_IMAGENET, description=f"an output, 0 to {_IMAGENET - 1}")]


@dataclass(frozen=True)
class _Listed:
    """A JSON object of classes, in the order of the outputs or with the places of the outputs."""

    names: _Names | None = None
    wnids: _Names | None = None
    imagenet_1k_index: list[_Output] | None = None

    def numbered(self, source: str, advice: str) -> ClassList:
        index = self.imagenet_1k_index
        columns = [column for column in (self.names, self.wnids) if column is not None]
        lengths = [*map(len, columns), *([] if index is None else [len(index)])]
        if not columns or len({*lengths}) > 1:
            raise ValueError(
                f"{source} has no names and wnids, or not as many of each and of imagenet_1k_index."
                f" {advice}"
            )
        places = range(len(columns[0])) if index is None else index
        pairs = [(n.strip(), i) for column in columns for n, i in zip(column, places, strict=True)]
        return _numbered(pairs, None if index is None else _IMAGENET, source)


def _numbered(pairs: list[tuple[str, int]], outputs: int | None, source: str) -> ClassList:
    labels = dict(pairs)
    unclear = frozenset(name for name, output in pairs if labels[name] != output)
    clear = {name: output for name, output in labels.items() if name not in unclear}
    return ClassList(clear, outputs or 1 + max(output for _, output in pairs), source, unclear)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{', '.join(map(repr, names[:10]))}{more}"
