"""Files of JSON lines that keep each `Result` or `Fact`. Lines are only ever appended.

A line states its `format`; a line without a `format` has format 1. Older lines are upgraded when
they are read, one step for each format, and missing fields get their defaults. Lines are evidence,
so they are never rewritten.
"""

import dataclasses
import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from smallset.records import Fact, Result
from smallset.spec import quoted
from smallset.typed import Mismatch, convert

Line = TypeVar("Line")
_Fields = dict[str, object]


def check_place(path: Path, *, outside: Path) -> None:
    """Raise, before any work is done, if no line can be added to `path`.

    Raises ValueError if `path` is inside the set `outside`, is a folder, or is in a folder that
    does not exist. Raises PermissionError if `path` is read-only.
    """
    folder = path.resolve().parent
    if outside.resolve() in path.resolve().parents:
        raise ValueError(
            f"the results file {str(path)!r} lies inside the set {str(outside)!r}, whose files are "
            "all accounted for. Give --results a file elsewhere."
        )
    if not folder.is_dir() or path.is_dir():
        raise ValueError(
            f"results cannot go to {str(path)!r}: needed a file in a folder that exists. "
            "Make the folder first, or give --results another file."
        )
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise PermissionError(
            f"results cannot go to {str(path)!r}: it is read-only for you. "
            "Give --results another file."
        )


def append_line(path: Path, line: Result | Fact) -> None:
    """Append one line and wait until it is on the disk. The file is created if it is missing.

    Raises OSError, with the file unchanged, if the disk is full.
    """
    # ASCII keeps every class name, and no character in a name can end a line.
    text = (json.dumps(dataclasses.asdict(line)) + "\n").encode()
    try:
        with path.open("ab", buffering=0) as file:
            _add(file, text)
    except OSError as error:
        raise OSError(
            f"the {type(line).__name__.lower()} cannot be added to {str(path)!r} "
            f"({error.strerror}); the file is as it was. "
            "Free some space, or give --results a file on another disk."
        ) from error


def read_lines(path: Path, kind: type[Line]) -> list[Line]:
    """Read every line as a `kind`, in order. A file that does not exist has no lines.

    Raises ValueError, with the line's number, for a line that is not a record of that kind.
    """
    if not path.exists():
        return []
    return [
        _read(line, kind, f"{path}, line {number}")
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1)
        if line.strip()
    ]


def drop_torn_line(path: Path) -> bool:
    """Cut off a last line that a killed writer left unfinished. Return whether there was one."""
    content = path.read_bytes() if path.exists() else b""
    whole = content.rfind(b"\n") + 1
    if whole == len(content):
        return False
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    return True


def _add(file: io.FileIO, line: bytes) -> None:
    """Write the whole line. An error leaves the file as it was.

    Ctrl-C does too, unless the line is already whole.
    """
    before, written = file.seek(0, os.SEEK_END), 0
    try:
        while written < len(line):  # an unbuffered write may be partial
            written += file.write(line[written:])
        os.fsync(file.fileno())
    except BaseException as error:
        if written < len(line) or isinstance(error, OSError):
            file.truncate(before)
        raise


def _read(line: bytes, kind: type[Line], where: str) -> Line:
    noun = kind.__name__.lower()
    try:
        fields = json.loads(line)  # not by msgspec, which refuses the NaN of an untested class
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{where} is not a whole {noun} (a writer was stopped in the middle, or the file was "
            "edited). Delete that line, or give another file."
        ) from error
    try:
        if isinstance(fields, dict):
            fields = _upgraded(fields, kind, where)
        return convert(fields, kind)
    except Mismatch as error:
        raise ValueError(
            f"{where} is not a {noun}: it {error}. It was edited or damaged, or is of another "
            "kind: delete that line, or give another file."
        ) from error


def _upgraded(fields: _Fields, kind: type, where: str) -> _Fields:
    """Upgrade fields to the current format. Raises ValueError for the fields of a newer version."""
    steps = next((steps for base, steps in _UPGRADES.items() if issubclass(kind, base)), ())
    said = fields.get("format", 1)
    if type(said) is not int or not 0 < said <= len(steps) + 1:
        raise ValueError(
            f"{where} has format {said!r}, but this version reads formats up to "
            f"{len(steps) + 1}. Read it with the version that wrote it, or give another file."
        )
    for step in steps[said - 1 :]:
        fields = step(fields)
    others = sorted(fields.keys() - {f.name for f in dataclasses.fields(kind)})
    if others:
        raise ValueError(
            f"{where} holds fields that this version does not know: {', '.join(others[:5])}. "
            "Read it with the version that wrote it, or give another file."
        )
    return fields


def _result_of_format_1(fields: _Fields) -> _Fields:
    """Return a result with its three byte counts as one cost and its labels as a spec."""
    new = {**fields, "format": 2}
    parts = {"images": "image_bytes", "labels": "label_bytes", "teacher": "teacher_bytes"}
    new["cost"] = {part: new.pop(name, None) for part, name in parts.items()}
    if new.get("labels") == "online":
        new["labels"] = f"online(teacher={quoted(str(new.get('teacher')))})"
    return new


_UPGRADES: Mapping[type, tuple[Callable[[_Fields], _Fields], ...]] = {
    Result: (_result_of_format_1,)
}
