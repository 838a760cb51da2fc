"""Typed access to a parsed TOML table, whose errors name the file, the line and the nearest key."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from smallset.spec import nearest

_MOST = 100_000


class Entries:
    """The entries of one table of a TOML file; `text` is the file's part that holds it.

    tomllib keeps no positions, so an error's line is where the word in question first stands in
    the table's own part of the text.
    """

    def __init__(self, values: Mapping[str, object], name: str, text: str, line: int = 1) -> None:
        self._values, self._name, self._text, self._line = values, name, text, line

    def where(self, word: str) -> str:
        """Name the file, and the line on which a word stands: as a key, else anywhere."""
        name = re.escape(word)
        key, header = rf"""["']?{name}["']?\s*=""", rf"\[+\s*{name}\s*\]"
        for pattern in (rf"\s*(?:{key}|{header})", rf".*(?<![\w-]){name}(?![\w-])"):
            for number, line in enumerate(self._text.splitlines(), self._line):
                if re.match(pattern, line.partition(" #")[0]):
                    return f"{self._name}, line {number}"
        return f"{self._name}, from line {self._line}" if self._line > 1 else self._name

    def check_keys(self, known: Sequence[str], needed: Iterable[str]) -> tuple[list[str], set[str]]:
        """Say which keys are not known and which are missing; and give those that are there.

        A misspelt key counts as there: its own sentence names the one that is probably meant.
        """
        problems, there = [], set(self._values)
        for key in self._values:
            if key not in known:
                hint = nearest(key, known)
                problems.append(f"{self.where(key)}: there is no key {key!r}. {hint}")
                there |= {name for name in known if hint.startswith(f"Did you mean {name!r}?")}
        return problems + [self._missing(key) for key in needed if key not in there], there

    def text(self, key: str, default: str | None = None) -> str:
        """Give a text that is not empty."""
        value = self._get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, value, 'text in quotes, such as "cifar10"')
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """Give a whole number from 1."""
        value = self._get(key, default)
        if not _counts(value):
            raise self._wrong(key, value, "a whole number from 1")
        if value > _MOST:  # each replicate and observer is counted out
            raise self._wrong(key, value, f"a whole number from 1 to {_MOST}")
        return value

    def numbers(self, key: str) -> tuple[int, ...]:
        """Give a list of different whole numbers from 1."""
        value = self._get(key, None)
        if not _different(value) or not all(_counts(v) for v in value):
            raise self._wrong(key, value, "a list of different whole numbers from 1, as [1, 10]")
        return tuple(value)

    def shares(self, key: str) -> tuple[float, ...]:
        """Give a list of different numbers above 0 and at most 1."""
        value = self._get(key, None)
        if not _different(value) or not all(_is_share(v) for v in value):
            raise self._wrong(key, value, "a list of different shares above 0, as [0.1, 0.3]")
        return tuple(float(v) for v in value)

    def has(self, key: str) -> bool:
        """Whether there is such an entry."""
        return key in self._values

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Give a list of different texts."""
        value = self._get(key, None if default is None else list(default))
        if not _different(value) or not all(isinstance(v, str) and v for v in value):
            raise self._wrong(key, value, 'a list of different texts, as ["random", "pca"]')
        return tuple(value)

    def texts_by_name(self, key: str, default: dict[str, str] | None = None) -> dict[str, str]:
        """Give a table of texts."""
        value = self._get(key, default)
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._wrong(key, value, f'a table [{key}] of lines such as name = "spec"')
        return value

    def one(self, key: str, example: str) -> "Entries | None":
        """Give the one table of that name, where there is one; errors show the `example`."""
        if key not in self._values:
            return None
        value = self._values[key]
        if not isinstance(value, dict):
            raise self._wrong(key, value, f"one table, as {key} = {example}")
        begin = re.search(rf"(?m)^[ \t]*(?:{key}\s*[=.]|\[[^\]]*\b{key}\s*\])", self._text)
        at = begin.start() if begin else 0
        line = self._line + self._text.count("\n", 0, at)
        return Entries(value, self._name, self._text[at:], line)

    def inner(self, key: str) -> list["Entries"]:
        """Give the tables of an array of tables, or the one table."""
        value = self._get(key, None)
        if isinstance(value, dict):
            return [Entries(value, self._name, self._text, self._line)]
        if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
            raise self._wrong(key, value, f"one [[{key}]] or more")
        starts = [m.start() for m in re.finditer(rf"(?m)^\s*\[\[\s*{key}\s*\]\]", self._text)]
        ends = [*starts[1:], len(self._text)]
        if len(starts) != len(value):  # written inline: no part of the text is one table's own
            return [Entries(v, self._name, self._text, self._line) for v in value]
        return [
            Entries(v, self._name, self._text[a:b], 1 + self._text.count("\n", 0, a))
            for v, a, b in zip(value, starts, ends, strict=True)
        ]

    def _get(self, key: str, default: object) -> object:
        if key in self._values:
            return self._values[key]
        if default is None:
            raise ValueError(self._missing(key))
        return default

    def _missing(self, key: str) -> str:
        from_line = f", the table from line {self._line}" if self._line > 1 else ""
        return (
            f"{self._name}{from_line}: {key!r} is missing. "
            f"Add a line {key} = ... ; it has {', '.join(self._values) or 'nothing'}."
        )

    def _wrong(self, key: str, value: object, needed: str) -> ValueError:
        return ValueError(f"{self.where(key)}: {key} = {value!r}, but it must be {needed}.")


def _counts(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_share(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def _different(value: object) -> TypeGuard[list]:
    """Whether a value is a list with something in it and nothing twice."""
    return isinstance(value, list) and 0 < len(value) == len({repr(v) for v in value})
