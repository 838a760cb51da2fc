"""`results.jsonl`: append-only, one line a trained student."""

import dataclasses
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

from smallset.records import Result

_FIELDS = {f.name: f for f in dataclasses.fields(Result)}
_TYPES = get_type_hints(Result)


def check_results(path: Path, *, outside: Path) -> None:
    """Raise where no line can be added to `path`, before any work is done.

    ValueError where it lies inside the folder `outside` (a set, whose files are accounted for),
    where its folder does not exist or where it is a folder, PermissionError where it is read-only.
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


def append_result(path: Path, result: Result) -> None:
    """Add one line, on the disk before this returns; the file is made where it is missing.

    Raises OSError where the disk is full, and then leaves the file as it was.
    """
    # ASCII: any class name survives, and no character in one ends a line.
    line = (json.dumps(dataclasses.asdict(result)) + "\n").encode()
    try:
        with path.open("ab", buffering=0) as file:
            _add(file, line)
    except OSError as error:
        raise OSError(
            f"the result cannot be added to {str(path)!r} ({error.strerror}); the file is as it "
            "was. Free some space, or give --results a file on another disk."
        ) from error


def read_results(path: Path) -> list[Result]:
    """Read every line, in order; no file is no result.

    Raises ValueError, with the line's number and the way out, for a line that is no result.
    """
    if not path.exists():
        return []
    return [
        _read(line, f"{path}, line {number}")
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1)
        if line.strip()
    ]


def drop_torn_line(path: Path) -> bool:
    """Cut off a last line that a killed writer could not finish; say whether there was one."""
    content = path.read_bytes() if path.exists() else b""
    whole = content.rfind(b"\n") + 1
    if whole == len(content):
        return False
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    return True


def _add(file: io.FileIO, line: bytes) -> None:
    """Write the whole line or, whatever comes between, Ctrl-C included, none of it."""
    before, written = file.seek(0, os.SEEK_END), 0
    try:
        while written < len(line):  # an unbuffered write may take only a part
            written += file.write(line[written:])
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(before)
        raise


def _read(line: bytes, where: str) -> Result:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{where} is no whole result (a writer was stopped in the middle, or the file was "
            "edited). Delete that line, or give another results file."
        ) from error
    if not isinstance(fields, dict) or set(fields) != set(_FIELDS):
        given = set(fields) if isinstance(fields, dict) else set()
        differing = sorted(given ^ set(_FIELDS))
        raise ValueError(
            f"{where} is no result of this version (differing fields: {', '.join(differing[:5])}). "
            "Read it with the version that wrote it, or give another results file."
        )
    wrong = [name for name, value in fields.items() if not _fits(value, _TYPES[name])]
    if wrong:
        raise ValueError(
            f"{where} is no result: its {wrong[0]} is {fields[wrong[0]]!r}, which no result has. "
            "It was edited or damaged: delete that line, or give another results file."
        )
    for name in ("classes", "vanished", "per_class"):
        fields[name] = tuple(fields[name])
    return Result(**fields)


def _fits(value: object, wanted: object) -> bool:
    """Whether a value out of JSON can stand in a field of that type."""
    inner = get_args(wanted)
    if get_origin(wanted) is tuple:
        return isinstance(value, list) and all(_fits(v, inner[0]) for v in value)
    if get_origin(wanted) is Mapping:
        return isinstance(value, dict) and all(_fits(v, inner[1]) for v in value.values())
    if inner:  # a union
        return any(_fits(value, one) for one in inner)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is wanted
