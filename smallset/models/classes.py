"""Find the outputs of a teacher for the classes of the data, by name or WordNet id."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from smallset.files import at_home
from smallset.numbers import listed
from smallset.typed import read_json, typed

SAME = "same"
_IMAGENET = 1000
_SHAPES = (
    "a JSON list, a JSON object with names or wnids, or a text file with a line for each class"
)


@dataclass(frozen=True)
class ClassList:
    """The classes of a teacher's outputs. `labels` is the output of each name.

    `outputs` is the teacher's number of outputs, and `source` the name of the list in errors.
    `unclear` are names of two outputs, such as ImageNet's "crane", which cannot be picked.
    """

    labels: dict[str, int]
    outputs: int
    source: str
    unclear: frozenset[str] = frozenset()

    def pick(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        """Return the outputs of the data's classes, in the data's order.

        Raises ValueError listing the classes that the teacher lacks or has twice, or that share an
        output.
        """
        unclear = [name for name in classes if name in self.unclear]
        if unclear:
            raise ValueError(
                f"{self.source} has {listed(unclear)} twice, so their outputs are not clear. "
                "Needed each of the data's classes once. Use WordNet ids, or correct the file."
            )
        missing = [name for name in classes if name not in self.labels]
        if missing:
            raise ValueError(
                f"{self.source} has no class for {listed(missing)} of the data's {len(classes)}; "
                f"it has {listed(self.labels)}. Classes are matched by exact name or "
                "WordNet id. Give classes=FILE with the data's names for this teacher's outputs."
            )
        picked = tuple(self.labels[name] for name in classes)
        if len(set(picked)) < len(picked):
            twice = [n for n, p in zip(classes, picked, strict=True) if picked.count(p) > 1]
            raise ValueError(
                f"{self.source} gives one output to the classes {listed(twice)}. Needed one "
                "each. Correct the file."
            )
        return picked


def same_classes(classes: tuple[str, ...]) -> ClassList:
    """Return the classes of the data in the data's order, for `classes=same`."""
    return ClassList({name: i for i, name in enumerate(classes)}, len(classes), "classes=same")


def listed_classes(names: Iterable[str], *, source: str) -> ClassList:
    """Return the class list for the names of a teacher's outputs, in order."""
    return _numbered([(name, i) for i, name in enumerate(names)], None, source)


def read_classes(file: str) -> ClassList:
    """Read the classes of a teacher's outputs from a file.

    A JSON list, or a text file with a line for each class, holds a name or a WordNet id for each
    output in order. A JSON object holds `names`, `wnids` or both in the order of the outputs. With
    `imagenet_1k_index`, the object also holds the output of each class in a 1,000-class ImageNet
    teacher. Raises FileNotFoundError for a missing file, and ValueError for any other content.
    """
    path = at_home(file)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no class file {file!r}. Needed {_SHAPES}. Check the path in classes=FILE."
        )
    source = f"the class file {file!r}"
    advice = f"Needed {_SHAPES}. Correct the file, or give another."
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
    """A JSON object of classes, in the order of the outputs or with the number of each output."""

    names: _Names | None = None
    wnids: _Names | None = None
    imagenet_1k_index: list[_Output] | None = None

    def numbered(self, source: str, advice: str) -> ClassList:
        index = self.imagenet_1k_index
        columns = [column for column in (self.names, self.wnids) if column is not None]
        lengths = [*map(len, columns), *([] if index is None else [len(index)])]
        if not columns or len({*lengths}) > 1:
            raise ValueError(
                f"{source} has no names and no wnids, or its names, wnids and imagenet_1k_index "
                f"are not equally many. {advice}"
            )
        places = range(len(columns[0])) if index is None else index
        pairs = [(n.strip(), i) for column in columns for n, i in zip(column, places, strict=True)]
        return _numbered(pairs, None if index is None else _IMAGENET, source)


def _numbered(pairs: list[tuple[str, int]], outputs: int | None, source: str) -> ClassList:
    labels = dict(pairs)
    unclear = frozenset(name for name, output in pairs if labels[name] != output)
    clear = {name: output for name, output in labels.items() if name not in unclear}
    return ClassList(clear, outputs or 1 + max(output for _, output in pairs), source, unclear)
