"""Specs: texts such as `el2n(epochs=10)` that name objects, read and written only here.

A spec is a name, or a name with options: `pca(score=el2n(epochs=10, runs=1), factor=2)`.
Values are numbers, `true`, `false`, `none`, bare words, quoted text, tuples and further specs.
The caller passes tables of the known names, one table for each kind of object. An option whose
annotation is a kind takes a name from that kind's table; every other option takes a plain value.
A `Spelled` entry of a table reads the names that the table lacks.
"""

import dataclasses
import difflib
import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from smallset.spec.grammar import Call, Word, portable, quoted, read, split

T = TypeVar("T")
Names = Mapping[str, Callable[..., object]]
Registry = Mapping[type, Names]

LATER: Mapping[str, bool] = {"later": True}
"""The metadata of a field that `write` leaves out at its default.

An option that was added later has this metadata, so that older specs, and everything that is named
after them, stay the same.
"""

__all__ = [
    "LATER",
    "Call",
    "Registry",
    "Spelled",
    "build",
    "first_line",
    "nearest",
    "portable",
    "quoted",
    "read",
    "split",
    "write",
]


class Spelled(ABC):
    """An entry of a table that builds objects from text that is not a name in the table.

    The entry's key in the table appears only in lists and errors, so it shows what to write, such
    as "NETWORK(weights=...)". The bracket keeps the key from being a real name.
    """

    @classmethod
    @abstractmethod
    def spelled(cls, text: str, *, quoted: bool) -> "Spelled | None":
        """Return the object that `text` builds: a name with or without options, or `quoted` text.

        Return None if the text is not for this class; the name is then unknown. Raises ValueError
        if the text is for this class but wrong.
        """

    @property
    @abstractmethod
    def spelling(self) -> str:
        """The text in a canonical spec that builds an equal object."""


def build(text: str, kind: type[T], tables: Registry) -> T:
    """Build the object that `text` names.

    Raises ValueError for bad grammar, an unknown name (with the nearest one and the list), an
    unknown option, or an option whose value is of another type.
    """
    made = _resolve(read(text), kind, tables, where=repr(text))
    assert isinstance(made, (kind, Spelled))  # a table makes nothing else
    return cast(T, made)


def write(value: object, tables: Registry, *, brief: bool = False) -> str:
    """Write the canonical spec of an object: every option, in field order. See also `LATER`.

    `brief` leaves out options that have their defaults, for people to read. The brief spec builds
    the same object. A frozen dataclass that is in no table is written under its qualified name:
    that text can be recorded and hashed, but not read back. Raises ValueError for anything else.
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Spelled):
        return value.spelling
    if isinstance(value, Word | Call):
        return _again(value)
    if isinstance(value, tuple):
        inner = ", ".join(write(v, tables, brief=brief) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise ValueError(
            f"{value!r} cannot be written as a spec: a method and its parts are recorded with the "
            "set they make. Make its class a frozen dataclass whose fields are its options."
        )
    options = [
        f"{f.name}={write(getattr(value, f.name), tables, brief=brief)}"
        for f in dataclasses.fields(value)
        if not ((brief or f.metadata == LATER) and getattr(value, f.name) == f.default)
    ]
    name = _name_of(type(value), tables)
    return f"{name}({', '.join(options)})" if options else name


def nearest(given: str, known: Iterable[str]) -> str:
    """Return the end of an error about an unknown name: the nearest known name, then all names."""
    names = list(known)
    close = difflib.get_close_matches(given.lower(), names, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]!r}? " if given and close else ""
    return f"{hint}Known: {', '.join(names)}."


def first_line(entry: object) -> str:
    """Return the first line of an entry's docstring, as `smallset list` prints it."""
    return (inspect.getdoc(entry) or "").splitlines()[0]


def _resolve(value: object, wanted: object, tables: Registry, where: str) -> object:
    if isinstance(wanted, type) and wanted in tables:
        return _construct(value, wanted, tables, where)
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        return _resolve_any(value, wanted, tables, where)
    if origin is tuple and isinstance(value, tuple):
        inner, own = get_args(wanted), f"a part of {where}"
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_resolve(v, inner[0], tables, own) for v in value)
        if len(inner) == len(value):
            return tuple(_resolve(v, t, tables, own) for v, t in zip(value, inner, strict=True))
    plain = _again(value) if wanted is str and isinstance(value, Call) else _plain(value)
    if origin is Literal and plain in get_args(wanted):
        return plain
    if wanted is float and isinstance(plain, int | float) and not isinstance(plain, bool):
        return float(plain)
    if isinstance(wanted, type) and type(plain) is wanted:
        return plain
    raise ValueError(f"{where} must be {_describe(wanted)}, not {_show(value)}.")


def _resolve_any(value: object, wanted: object, tables: Registry, where: str) -> object:
    """Resolve a value whose annotation is a union, by the first choice that accepts it."""
    if value is None and type(None) in get_args(wanted):
        return None
    for choice in get_args(wanted):
        parts = isinstance(value, tuple) and get_origin(choice) is tuple
        if choice in tables or parts:  # its own errors say more than an error about the union
            return _resolve(value, choice, tables, where)
        try:
            return _resolve(value, choice, tables, where)
        except ValueError:
            continue
    raise ValueError(f"{where} must be {_describe(wanted)}, not {_show(value)}.")


def _construct(value: object, kind: type, tables: Registry, where: str) -> object:
    call = Call(value.text, (), {}) if isinstance(value, Word) else value
    noun = kind.__name__.lower()
    other = _spelled(value, tables[kind])
    if other is not None:
        return other
    if not isinstance(call, Call):
        raise ValueError(
            f"{where} must name {_one(noun)}, not {_show(value)}. {nearest('', tables[kind])}"
        )
    if call.name not in tables[kind]:
        raise ValueError(_unknown(call.name, kind, tables))
    entry = tables[kind][call.name]
    fields = _fields(entry)
    if len(call.args) > len(fields):
        raise ValueError(
            f"{call.name!r} takes {len(fields)} options, but {len(call.args)} were given. "
            f"{nearest('', fields)}"
        )
    given = dict(zip(fields, call.args, strict=False))
    for key, option in call.options.items():
        if key not in fields:
            inner = _inner(entry, key, tables)
            elsewhere = f", but a part of it has: {inner}" if inner else ""
            known = nearest("" if inner else key, fields) if fields else "It takes no options."
            raise ValueError(f"{call.name!r} has no option {key!r}{elsewhere}. {known}")
        if key in given:
            raise ValueError(f"{call.name!r} was given {key!r} twice. Give it once.")
        given[key] = option
    needed = [name for name, p in _parameters(entry).items() if p.default is p.empty]
    lacking = [name for name in needed if name not in given]
    if lacking:
        raise ValueError(
            f"{call.name!r} needs {' and '.join(map(repr, lacking))}, which "
            f"{'has' if len(lacking) == 1 else 'have'} no default. "
            f"Write {call.name}({', '.join(f'{key}=...' for key in lacking)})."
        )
    options = {
        key: _resolve(option, fields[key], tables, where=f"{call.name}'s option {key!r}")
        for key, option in given.items()
    }
    return entry(**options)


def _unknown(name: str, kind: type, tables: Registry) -> str:
    """Say that a table lacks a name, and which other table has it or which name is nearest."""
    lacking = f"there is no {kind.__name__.lower()} {name!r}"
    others = [other for other, table in tables.items() if name in table]
    if not others:
        return f"{lacking}. {nearest(name, tables[kind])}"
    noun = others[-1].__name__.lower()
    takes = (
        f"{entry}({option}={name})"
        for entry, made in tables[kind].items()
        for option, annotation in _fields(made).items()
        if others[-1] in (annotation, *get_args(annotation))
    )
    written = next(takes, f"{noun}={name}")
    return f"{lacking}, but {_one(noun)}: {written}. {nearest('', tables[kind])}"


def _spelled(value: object, table: Names) -> object | None:
    """Return the object that a table's `Spelled` entry builds for an unknown name, or None."""
    if not isinstance(value, Word | Call | str):
        return None
    text = value if isinstance(value, str) else _again(value)
    if not isinstance(value, str) and text.partition("(")[0] in table:
        return None
    for entry in table.values():
        if isinstance(entry, type) and issubclass(entry, Spelled):
            return entry.spelled(text, quoted=isinstance(value, str))
    return None


def _text(value: str) -> str:
    """Write text in quotes; a spec that contains both kinds of quotes is written without quotes."""
    if {'"', "'"} <= {*value}:
        with suppress(ValueError):
            return _again(read(value))
    return quoted(value)


def _again(value: Word | Call) -> str:
    """Write a parsed spec as text."""
    if isinstance(value, Word):
        return value.text
    args = [write(argument, {}) for argument in value.args]
    args += [f"{key}={write(option, {})}" for key, option in value.options.items()]
    return f"{value.name}({', '.join(args)})" if args else value.name


@cache
def _fields(entry: Callable[..., object]) -> Mapping[str, object]:
    """Return the option names and annotations of a table's entry, in order."""
    hints = get_type_hints(entry)
    return {name: hints.get(name, p.annotation) for name, p in _parameters(entry).items()}


def _inner(entry: Callable[..., object], key: str, tables: Registry) -> str:
    """Write the default part of an entry that has an option `key`, or "" if none has."""
    try:
        made = entry()
    except (TypeError, ValueError):  # an entry that needs options
        made = None
    for name, parameter in _parameters(entry).items():
        part = type(parameter.default or getattr(made, name, None))
        if dataclasses.is_dataclass(part):
            inner = f"{key}=..." if key in _parameters(part) else _inner(part, key, tables)
            if inner:
                return f"{name}={_name_of(part, tables)}({inner})"
    return ""


@cache
def _parameters(entry: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(entry).parameters  # which respects `__signature__`


def _name_of(cls: type, tables: Registry) -> str:
    for table in tables.values():
        for name, entry in table.items():
            if entry is cls:
                return name
    return f"{cls.__module__}.{cls.__qualname__}"


def _plain(value: object) -> object:
    return value.text if isinstance(value, Word) else value


def _show(value: object) -> str:
    if isinstance(value, Call):
        return f"{value.name}(...)"
    if isinstance(value, tuple):
        return write(value, {})
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(_plain(value))


def _describe(wanted: object) -> str:
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return " or ".join(_describe(c) for c in inner)
    if origin is Literal:
        return "one of " + ", ".join(map(str, inner))
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return f"a tuple, each {_describe(inner[0])}"
        return f"a tuple of {len(inner)} ({', '.join(_describe(t) for t in inner)})"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    if wanted is type(None):
        return "none"
    return names.get(wanted, _one(str(getattr(wanted, "__name__", wanted)).lower()))  # type: ignore[call-overload, no-any-return]


def _one(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
