"""`results.jsonl`: append-only, one line a trained student."""

import dataclasses
import json
import os
from pathlib import Path

from smallset.records import Result

_FIELDS = {f.name: f for f in dataclasses.fields(Result)}


def append_result(path: Path, result: Result) -> None:
    """Add one line, on the disk before this returns; the file is made where it is missing."""
    line = json.dumps(dataclasses.asdict(result), ensure_ascii=False) + "\n"
    with path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def read_results(path: Path) -> list[Result]:
    """Read every line, in order; no file is no result.

    Raises ValueError, with the line's number and the way out, for a line that is no result.
    """
    if not path.exists():
        return []
    return [
        _read(line, f"{path}, line {number}")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip()
    ]


def _read(line: str, where: str) -> Result:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{where} is no whole result (a writer was stopped in the middle, or the file was "
            "edited). Delete that line, or give another --results file."
        ) from error
    if not isinstance(fields, dict) or set(fields) != set(_FIELDS):
        given = set(fields) if isinstance(fields, dict) else set()
        differing = sorted(given ^ set(_FIELDS))
        raise ValueError(
            f"{where} is no result of this version (differing fields: {', '.join(differing[:5])}). "
            "Give another --results file."
        )
    fields["classes"] = tuple(fields["classes"])
    fields["per_class"] = tuple(fields["per_class"])
    return Result(**fields)
