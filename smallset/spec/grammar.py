"""The grammar of specs: text to names, options and values, before any table is asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Call:
    """A parsed spec, before any table is asked: name, positional and named options."""

    name: str
    args: tuple[object, ...]
    options: Mapping[str, object]


@dataclass(frozen=True)
class Word:
    """A bare word: a name without options or plain text, as the option it is for has it."""

    text: str


def read(text: str) -> Call:
    """Parse a spec into a `Call`, looking nothing up."""
    tokens = _tokens(text)
    value, rest = _value(tokens, text)
    if rest:
        raise _grammar(text, f"nothing after the spec, but found {rest[0][1]!r}")
    if isinstance(value, Word):
        return Call(value.text, (), {})
    if not isinstance(value, Call):
        raise _grammar(text, "a name such as pca or pca(factor=2)")
    return value


def split(text: str) -> list[str]:
    """Split a list of specs at "," or ";", those within brackets and quotes left alone."""
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


def quoted(value: str, *, always: bool = False) -> str:
    """Write text so that it reads back as text: bare where it is no number and no constant.

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
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _grammar(text, f"a name, a number or one of ( ) , = at {text[at:]!r}")
        at = match.end()
        kind = str(match.lastgroup)
        tokens.append((kind, match.group(kind)))
    if not tokens:
        raise _grammar(text, "a name such as pca or pca(factor=2)")
    return tokens


def _value(tokens: list[tuple[str, str]], text: str) -> tuple[object, list[tuple[str, str]]]:
    (kind, token), rest = tokens[0], tokens[1:]
    if kind == "number":
        return (int(token) if re.fullmatch(r"[+-]?\d+", token) else float(token)), rest
    if kind == "text":
        return token[1:-1], rest
    if token == "(":
        args, options, rest = _arguments(rest, text)
        if options:
            raise _grammar(text, "plain values in a tuple, without '='")
        return tuple(args), rest
    if kind == "mark":
        raise _grammar(text, f"a value, but found {token!r}")
    if rest and rest[0][1] == "(" and rest[0][0] == "mark":
        args, options, rest = _arguments(rest[1:], text)
        return Call(token, tuple(args), options), rest
    return (_CONSTANTS[token] if token in _CONSTANTS else Word(token)), rest


def _arguments(
    tokens: list[tuple[str, str]], text: str
) -> tuple[list[object], dict[str, object], list[tuple[str, str]]]:
    args: list[object] = []
    options: dict[str, object] = {}
    while True:
        if not tokens:
            raise _grammar(text, "a closing ')'")
        if tokens[0] == ("mark", ")"):
            return args, options, tokens[1:]
        if len(tokens) > 1 and tokens[0][0] == "word" and tokens[1] == ("mark", "="):
            key = tokens[0][1]
            if key in options:
                raise _grammar(text, f"{key!r} once")
            if len(tokens) < 3:
                raise _grammar(text, f"a value for {key!r}")
            options[key], tokens = _value(tokens[2:], text)
        elif options:
            raise _grammar(text, "every option after a named one to be named too")
        else:
            value, tokens = _value(tokens, text)
            args.append(value)
        if tokens and tokens[0] == ("mark", ","):
            tokens = tokens[1:]
        elif tokens and tokens[0] != ("mark", ")"):
            raise _grammar(text, f"',' or ')', but found {tokens[0][1]!r}")


def _grammar(text: str, needed: str) -> ValueError:
    return ValueError(
        f"cannot read the spec {text!r}: it needs {needed}. "
        "Write name or name(option=value, ...), for example pca(score=el2n(epochs=10), factor=2)."
    )
