"""Read JSON and TOML as given types. An error names the path of the value that does not fit."""

import json
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from msgspec import Meta, inspect

T = TypeVar("T")
if TYPE_CHECKING:
    Kind = type[T]
else:
    Kind = {T: object}  # `dict[str, int]` is a kind too, but a type check at run time refuses it
Steps = tuple[str | int, ...]

Text = Annotated[str, Meta(min_length=1)]
Whole = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Above = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(gt=0, le=1)]

_UNIONS = (Union, UnionType)


class Mismatch(ValueError):
    """A value that does not fit its type. The message is a clause without a full stop.

    `path` leads to the value, `needed` describes the type in words, `given` is the value. For a
    missing field, `given` is `MISSING`. For an unknown field, `needed` is empty.
    """

    def __init__(self, path: Steps, needed: str, given: object) -> None:
        self.path, self.needed, self.given = path, needed, given
        name = ".".join(map(str, path))
        field = f"{name!r} = {shown(given)}" if path else shown(given)
        clause = f"holds {field}, but needs {needed} there"
        if given is MISSING:
            clause = f"has no field {name!r}, which must be {needed}"
        super().__init__(clause if needed else f"has the unknown field {name!r}")


def json_value(content: bytes | str, *, where: str, advice: str) -> object:
    """Return the value of JSON text. Raises ValueError for text that is not valid JSON.

    The message begins with `where`, the name of the file, and ends in `advice`.
    """
    try:
        return json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not valid JSON ({error}). {advice}") from error


def read_json(
    content: bytes | str, kind: Kind[T], *, where: str, advice: str, more: bool = False
) -> T:
    """Read JSON text and convert its value to a `kind`, as `typed` does.

    Raises ValueError for text that is not valid JSON and for a value that does not fit.
    """
    value = json_value(content, where=where, advice=advice)
    return typed(value, kind, where=where, advice=advice, more=more)


def typed(value: object, kind: Kind[T], *, where: str, advice: str, more: bool = False) -> T:
    """Convert plain values to a `kind`, such as a dataclass, checking every field.

    Raises ValueError for a value of another type, a missing field or an unknown field; `more`
    allows unknown fields. The message begins with `where`, names the field and ends in `advice`.
    """
    try:
        return convert(value, kind, more=more)
    except Mismatch as error:
        raise ValueError(f"{where} {error}. {advice}") from error


def convert(value: object, kind: Kind[T], *, more: bool = False) -> T:
    """Convert plain values to a `kind`, as `typed` does. Raises Mismatch if they do not fit."""
    if not _fits(value, kind):
        raise _mismatch(value, kind, ())
    made = msgspec.convert(value, kind)
    for path, given in () if more else _unknown(value, msgspec.to_builtins(made), ()):
        raise Mismatch(path, "", given)
    return made


def shown(value: object) -> str:
    """Write a value for a message, in 80 characters at most."""
    # `repr` fails on deeply nested values.
    text = repr(value) if isinstance(value, str) else reprlib.repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _fits(value: object, kind: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return value is not MISSING


def _mismatch(value: object, kind: object, path: Steps) -> Mismatch:
    """Find the first part that does not fit its type, in a value that does not fit."""
    for step, part, inner in _parts(value, kind):
        if not _fits(part, inner):
            return _mismatch(part, inner, (*path, step))
    return Mismatch(path, _words(kind), value)


def _parts(value: object, kind: object) -> Iterator[tuple[str | int, object, object]]:
    """Yield (step, part, type) for each part of a value; nothing if its type has a description."""
    while get_origin(kind) is Annotated:
        if _description(kind):
            return
        kind = get_args(kind)[0]
    if get_origin(kind) in _UNIONS:
        for option in get_args(kind):
            yield from _parts(value, option)
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        hints = get_type_hints(kind, include_extras=True)
        for f in fields(kind):
            if f.name in value or f.default is f.default_factory is MISSING:
                yield f.name, value.get(f.name, MISSING), hints[f.name]
    elif origin in (list, tuple) and isinstance(value, list):
        for number, part in enumerate(value):
            yield number, part, inner[0]
    elif origin in (dict, Mapping) and isinstance(value, dict):
        for key, part in value.items():
            yield key, part, inner[1]


def _unknown(value: object, made: Any, path: Steps) -> Iterator[tuple[Steps, object]]:
    """Yield path and value of each field that `made`, the value after conversion, has lost."""
    listed = value if isinstance(value, list) else ()
    for step, part in value.items() if isinstance(value, dict) else enumerate(listed):
        if isinstance(value, dict) and step not in made:
            yield (*path, step), part
        else:
            yield from _unknown(part, made[step], (*path, step))


def _words(kind: object) -> str:
    """Describe a type in words."""
    if description := _description(kind):
        return description
    if get_origin(kind) in _UNIONS:
        return " or ".join(map(_words, get_args(kind)))
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    match inspect.type_info(kind):
        case inspect.NoneType():
            return "null"
        case inspect.StrType(min_length=least):
            return "a text that is not empty" if least else "a text"
        case inspect.IntType(ge=least):
            return "a whole number" if least is None else f"a whole number of at least {least}"
        case inspect.FloatType(gt=least, le=most):
            low = "" if least is None else f" above {least}"
            return f"a number{low}{'' if most is None else f' and at most {most}'}"
        case inspect.DictType() | inspect.DataclassType():
            return "an object"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)}"
        case inspect.ListType(min_length=least) | inspect.VarTupleType(min_length=least):
            return "a list that is not empty" if least else "a list"
    return "another value"


def _description(kind: object) -> str:
    given = (d for a in get_args(kind)[1:] if isinstance(a, Meta) and (d := a.description))
    return next(given, "")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
