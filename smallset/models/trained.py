"""`teacher.json`: what a network that `smallset train` made is, beside its weights."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeGuard

from smallset.models.spec import Colour

CARD = "teacher.json"
WEIGHTS = "weights.pt"
FORMAT = "teacher-1"


@dataclass(frozen=True)
class Trained:
    """What made a teacher and what it is worth; `classes` are its outputs in order.

    `recipe` holds every number of the protocol as it was used, `source` what the data was called,
    its fingerprint, its number of training images and its held-out part. `top1` and `per_class` are
    fractions of the held-out images (None for a class without any). `size` is the side in pixels,
    `mean` and `std` are of pixels in 0..1.
    """

    format: str
    model: str
    classes: tuple[str, ...]
    size: int
    mean: Colour
    std: Colour
    fit: str
    recipe: Mapping[str, object]
    view: str
    epochs: int
    seed: int
    source: Mapping[str, str | int]
    top1: float
    per_class: tuple[float | None, ...]
    weights_sha256: str
    weights_bytes: int
    precision: str
    device: str
    threads: int
    hardware: str
    versions: Mapping[str, str]

    def to_json(self) -> str:
        """Write it as indented JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_trained(folder: Path) -> Trained:
    """Read a folder that `smallset train` made.

    Raises FileNotFoundError where a file of it is missing, ValueError where teacher.json is not one
    of this version.
    """
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"'{folder}' is no teacher: it has no {name}. Needed a folder that "
                "`smallset train` made. Check the path, or train one."
            )
    try:
        fields = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if fields.get("format") != FORMAT:
            raise ValueError(f"its format is {fields.get('format')!r}, not {FORMAT!r}")
        differing = {f.name for f in dataclasses.fields(Trained)} ^ set(fields)
        if differing:
            raise ValueError(f"missing or unknown: {', '.join(sorted(differing))}")
        for name in ("classes", "mean", "std", "per_class"):
            fields[name] = tuple(fields[name])
        _check(fields)
        return Trained(**fields)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"'{folder / CARD}' is not what this version of `smallset train` writes ({error}). "
            "Train the teacher again, or use the version that made it."
        ) from error


def _check(fields: Mapping[str, object]) -> None:
    """Refuse what was edited into something that no teacher can be built of."""
    classes, size, std = fields["classes"], fields["size"], fields["std"]
    named = isinstance(classes, tuple) and all(isinstance(name, str) for name in classes)
    good = {
        "model": isinstance(fields["model"], str),
        "classes": classes != () and named,
        "size": type(size) is int and size > 0,
        "mean": _is_colour(fields["mean"]),
        "std": _is_colour(std) and min(std) > 0,
    }
    for name, holds in good.items():
        if not holds:
            raise ValueError(f"its {name} is {fields[name]!r}")


def _is_colour(value: object) -> TypeGuard[Colour]:
    return isinstance(value, tuple) and [type(v) in (int, float) for v in value] == [True] * 3
