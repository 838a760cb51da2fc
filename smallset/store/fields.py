"""The fields of a JSON object, each read as the type it must have."""

import reprlib
from collections.abc import Iterable


class Fields:
    """One JSON object; every reading names the field where it is missing or of another type.

    `where` names the object in messages, for example "manifest.json". All raise ValueError.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(_message(where, "", value, "an object"))
        self.values: dict[str, object] = value
        self.where = where

    def only(self, known: Iterable[str]) -> None:
        """Refuse fields that are not known."""
        strange = sorted(set(self.values) - set(known))
        if strange:
            raise ValueError(
                f"{self.where} has the unknown field {strange[0]!r}. It was edited or damaged: "
                f"restore it, or make the set again."
            )

    def text(self, key: str) -> str:
        """Read a string."""
        value = self._get(key, "a text")
        if not isinstance(value, str):
            raise ValueError(_message(self.where, key, value, "a text"))
        return value

    def number(self, key: str, least: int = 0) -> int:
        """Read a whole number of at least `least`."""
        return self._whole(key, self._get(key, "a whole number"), least)

    def number_or_none(self, key: str, least: int = 0) -> int | None:
        """Read a whole number or null."""
        value = self._get(key, "a whole number or null")
        return None if value is None else self._whole(key, value, least)

    def share_or_none(self, key: str) -> float | None:
        """Read a number above 0 and at most 1, or null."""
        value = self._get(key, "a share or null")
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
            raise ValueError(_message(self.where, key, value, "a number above 0 and at most 1"))
        return float(value)

    def numbers(self, key: str, least: int = 0) -> tuple[int, ...]:
        """Read a list of whole numbers."""
        return tuple(self._whole(key, item, least) for item in self._list(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of strings."""
        items = self._list(key)
        if not all(isinstance(item, str) for item in items):
            raise ValueError(_message(self.where, key, items, "a list of texts"))
        return tuple(str(item) for item in items)

    def mapping(self, key: str) -> dict[str, str]:
        """Read an object whose values are strings."""
        inner = self.inner(key)
        return {name: inner.text(name) for name in inner.values}

    def inner(self, key: str) -> "Fields":
        """Read an object within this one."""
        return Fields(self._get(key, "an object"), f"{self.where}, {key!r}")

    def _get(self, key: str, want: str) -> object:
        if key not in self.values:
            raise ValueError(
                f"{self.where} has no field {key!r}, which must be {want}. It was edited or "
                f"damaged: restore it, or make the set again."
            )
        return self.values[key]

    def _list(self, key: str) -> list[object]:
        value = self._get(key, "a list")
        if not isinstance(value, list):
            raise ValueError(_message(self.where, key, value, "a list"))
        return value

    def _whole(self, key: str, value: object, least: int) -> int:
        # bool is an int to Python, and not to JSON
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            want = f"a whole number of at least {least}"
            raise ValueError(_message(self.where, key, value, want))
        return value


def _message(where: str, key: str, value: object, want: str) -> str:
    # `repr` fails on what is nested deeply.
    shown = repr(value) if isinstance(value, str) else reprlib.repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    field = f"{key!r} = {shown}" if key else shown
    return (
        f"{where} holds {field}, but needs {want} there. It was edited or damaged: restore it, "
        f"or make the set again."
    )
