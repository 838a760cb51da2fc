"""`teacher.json`: what a network that `smallset train` made is, beside its weights."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from smallset.models.network import Colour

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
        made = Trained(**fields)
        _check(made)
        return made
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"'{folder / CARD}' is not what this version of `smallset train` writes ({error}). "
            "Train the teacher again, or use the version that made it."
        ) from error


def _check(made: Trained) -> None:
    """Refuse what was edited into something that no teacher can be built of."""
    good = {
        "model": isinstance(made.model, str),
        "classes": len(made.classes) > 0 and all(isinstance(c, str) for c in made.classes),
        "size": type(made.size) is int and made.size > 0,
        "mean": len(made.mean) == 3 and all(isinstance(v, float | int) for v in made.mean),
        "std": len(made.std) == 3 and all(isinstance(v, float | int) and v > 0 for v in made.std),
        "weights_sha256": isinstance(made.weights_sha256, str),
    }
    bad = [name for name, holds in good.items() if not holds]
    if bad:
        raise ValueError(f"its {bad[0]} is {getattr(made, bad[0])!r}")
