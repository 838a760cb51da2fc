"""The grammar of specs: parse text into names, options and values, without any table."""

import math
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PureWindowsPath

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.:/-])
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<word>[^\s(),='"]+)
    | (?P<mark>[(),=])
    )""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "none": None}
# Far beyond any real spec, and far below what Python's recursion and its `int()` can take.
_DEEPEST = 20
_LONGEST, _LONGEST_NUMBER = 10_000, 100
_SHOWN = 300


@dataclass(frozen=True)
class Call:
    """A parsed spec: its name, positional options and named options."""

    name: str
    args: tuple[object, ...]
    options: Mapping[str, object]


@dataclass(frozen=True)
class Word:
    """A bare word: a name without options, or plain text, depending on the option it is for."""

    text: str


def read(text: str) -> Call:
    """Parse a spec into a `Call`. Raises ValueError for text that is not a spec."""
    tokens = deque(_tokens(text))
    value = _value(tokens, text, depth=0)
    if tokens:
        raise _grammar(text, f"nothing after the spec, but found {_short(tokens[0][1])}")
    if isinstance(value, Word):
        return Call(value.text, (), {})
    if not isinstance(value, Call):
        raise _grammar(text, "a name such as pca or pca(factor=2)")
    return value


def split(text: str) -> list[str]:
    """Split a list of specs at "," or ";", except inside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for mark in text:
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        else:
            depth += (mark == "(") - (mark == ")")
        if mark in ",;" and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += mark
    return [part.strip() for part in parts]


def portable(text: str) -> str:
    """Return a spec as it was typed, with each path reduced to its file name."""

    def reduced(match: re.Match[str]) -> str:
        token = match.group(str(match.lastgroup))
        mark = token[0] if match.lastgroup == "text" else ""
        value = token[1:-1] if mark else token
        if not {"/", "\\"} & {*value}:
            return match[0]
        name = portable(value) if "(" in value else PureWindowsPath(value).name  # takes / too
        return f"{match[0].removesuffix(token)}{mark}{name or value}{mark}"

    return _TOKEN.sub(reduced, text)


def quoted(value: str, *, always: bool = False) -> str:
    """Write text so that it reads back as text: bare, or in quotes if it looks like a value.

    Raises ValueError for text with both kinds of quotes.
    """
    bare = re.fullmatch(r"[^\s(),='\"]+", value) and value not in _CONSTANTS
    if bare and not always and _tokens(value)[0][0] == "word":
        return value
    mark = "'" if '"' in value else '"'
    if mark in value:
        raise ValueError(
            f"{value!r} holds both kinds of quotes, which a spec cannot write. Leave one kind out."
        )
    return f"{mark}{value}{mark}"


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > _LONGEST:
        raise _grammar(text, f"at most {_LONGEST} characters, but has {len(text)}")
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _grammar(text, f"a name, a number or one of ( ) , = at {_short(text[at:])}")
        at = match.end()
        kind = str(match.lastgroup)
        tokens.append((kind, match.group(kind)))
    if not tokens:
        raise _grammar(text, "a name such as pca or pca(factor=2)")
    return tokens


def _value(tokens: deque[tuple[str, str]], text: str, *, depth: int) -> object:
    kind, token = tokens.popleft()
    if kind == "number":
        return _number(token, text)
    if kind == "text":
        return token[1:-1]
    if token == "(":
        args, options = _arguments(tokens, text, depth=depth + 1)
        if options:
            raise _grammar(text, "plain values in a tuple, without '='")
        return tuple(args)
    if kind == "mark":
        raise _grammar(text, f"a value, but found {token!r}")
    if tokens and tokens[0] == ("mark", "("):
        tokens.popleft()
        args, options = _arguments(tokens, text, depth=depth + 1)
        return Call(token, tuple(args), options)
    return _CONSTANTS[token] if token in _CONSTANTS else Word(token)


def _arguments(
    tokens: deque[tuple[str, str]], text: str, *, depth: int
) -> tuple[list[object], dict[str, object]]:
    if depth > _DEEPEST:
        raise _grammar(text, f"brackets at most {_DEEPEST} deep")
    args: list[object] = []
    options: dict[str, object] = {}
    while True:
        if not tokens:
            raise _grammar(text, "a closing ')'")
        if tokens[0] == ("mark", ")"):
            tokens.popleft()
            return args, options
        if len(tokens) > 1 and tokens[0][0] == "word" and tokens[1] == ("mark", "="):
            key = tokens.popleft()[1]
            tokens.popleft()
            if key in options:
                raise _grammar(text, f"{_short(key)} once")
            if not tokens:
                raise _grammar(text, f"a value for {_short(key)}")
            options[key] = _value(tokens, text, depth=depth)
        elif options:
            raise _grammar(text, "every option after a named one to be named too")
        else:
            args.append(_value(tokens, text, depth=depth))
        if tokens and tokens[0] == ("mark", ","):
            tokens.popleft()
        elif tokens and tokens[0] != ("mark", ")"):
            raise _grammar(text, f"',' or ')', but found {_short(tokens[0][1])}")


def _number(token: str, text: str) -> int | float:
    """Return the number. Raises ValueError if it is too long, or too large for a float."""
    if len(token) > _LONGEST_NUMBER:
        raise _grammar(text, f"numbers of at most {_LONGEST_NUMBER} characters")
    number = int(token) if re.fullmatch(r"[+-]?\d+", token) else float(token)
    if not math.isfinite(number):
        raise _grammar(text, f"finite numbers, but {token} is too large")
    return number


def _grammar(text: str, needed: str) -> ValueError:
    return ValueError(
        f"cannot read the spec {_short(text)}: it needs {needed}. "
        "Write name or name(option=value, ...), for example pca(score=el2n(epochs=10), factor=2)."
    )


def _short(text: str) -> str:
    """Quote text for a message; of a long text, only the beginning."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."
