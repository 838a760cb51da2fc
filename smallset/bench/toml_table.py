"""The keys of a TOML file: their lines, and what is wrong with them.

tomllib keeps no positions. A line number is therefore found by searching for a word in the part of
the text that belongs to a table.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields

from smallset.spec import nearest
from smallset.typed import Mismatch, T, convert


@dataclass(frozen=True)
class TableText:
    """The part of the file `name` that holds one table. The part begins at line `first`."""

    name: str
    text: str
    first: int = 1

    def where(self, word: str) -> str:
        """Return the file and the line where a word is first used as a key or a table's name.

        If there is none, return the first line that has the word at all. If no line has the word,
        return the line at which the part begins.
        """
        name = re.escape(word)
        key, header = rf"""["']?{name}["']?\s*=""", rf"\[+\s*{name}\s*\]"
        for pattern in (rf"\s*(?:{key}|{header})", rf".*(?<![\w-]){name}(?![\w-])"):
            for number, line in enumerate(self.text.splitlines(), self.first):
                if re.match(pattern, line.partition(" #")[0]):
                    return f"{self.name}, line {number}"
        return f"{self.name}, from line {self.first}" if self.first > 1 else self.name

    @contextmanager
    def at(self, word: str, what: str = "") -> Iterator[None]:
        """If the block raises ValueError, begin its message with `where(word)` and then `what`."""
        try:
            yield
        except ValueError as error:
            raise ValueError(f"{self.where(word)}: {what}{error}") from error

    def inside(self, key: str) -> "TableText":
        """Return the text from the table `key` on, or the whole text if the table is not found."""
        begin = re.search(rf"(?m)^[ \t]*(?:{key}\s*[=.]|\[[^\]]*\b{key}\s*\])", self.text)
        return self._cut(begin.start() if begin else 0, None)

    def each(self, key: str, count: int) -> list["TableText"]:
        """Return one part of the text for each table of an array of tables."""
        starts = [m.start() for m in re.finditer(rf"(?m)^\s*\[\[\s*{key}\s*\]\]", self.text)]
        if not count or len(starts) != count:  # tables written inline have no part of their own
            return [self] * count
        return [self._cut(a, b) for a, b in zip(starts, [*starts[1:], None], strict=True)]

    def wrong_keys(self, values: Mapping[str, object], kind: type) -> list[str]:
        """Return a sentence for each key that is not a field of `kind`, and each missing key.

        `kind` is a dataclass. A field without a default must be given.
        """
        known, there = fields(kind), keys_meant(values, kind)
        names = [f.name for f in known]
        needed = [f.name for f in known if f.default is f.default_factory is MISSING]
        begun = f", the table from line {self.first}" if self.first > 1 else ""
        has = ", ".join(values) or "nothing"
        return [
            f"{self.where(key)}: there is no key {key!r}. {nearest(key, names)}"
            for key in values
            if key not in names
        ] + [
            f"{self.name}{begun}: {key!r} is missing. Add a line {key} = ... (keys given: {has})."
            for key in needed
            if key not in there
        ]

    def read(self, values: Mapping[str, object], kind: type[T]) -> T:
        """Return a table as a record of class `kind`.

        Raises ValueError for a value of a wrong type.
        """
        try:
            return convert(values, kind)
        except Mismatch as error:
            *tables, key = map(str, error.path)
            part = self.inside(tables[0]) if tables else self
            raise ValueError(
                f"{part.where(key)}: {key} = {error.given!r}, but it must be {error.needed}."
            ) from error

    def _cut(self, start: int, end: int | None) -> "TableText":
        return TableText(
            self.name, self.text[start:end], self.first + self.text.count("\n", 0, start)
        )


def keys_meant(values: Mapping[str, object], kind: type) -> set[str]:
    """Return the keys of a table, and the keys that its misspelt keys probably mean."""
    names = [f.name for f in fields(kind)]
    meant = (nearest(key, names) for key in values if key not in names)
    guessed = {n for hint in meant for n in names if hint.startswith(f"Did you mean {n!r}?")}
    return {*values} | guessed
