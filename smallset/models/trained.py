"""Read and write `teacher.json`, which describes a network that `smallset train` made."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from smallset.models.spec import Colour
from smallset.typed import Above, Positive, json_value, typed

CARD = "teacher.json"
WEIGHTS = "weights.pt"
FORMAT = "teacher-1"


@dataclass(frozen=True)
class Trained:
    """How a teacher was trained, and its accuracy. `classes` are its outputs in order.

    `recipe` holds every number of the protocol, and `source` the data's name, fingerprint, number
    of training images and held-out part. `top1` and `per_class` are fractions of the held-out
    images (None for a class without any). `size` is the side in pixels. `mean` and `std` are of
    pixels in 0..1.
    """

    format: str
    model: str
    classes: Annotated[tuple[str, ...], Meta(min_length=1)]
    size: Positive
    mean: Colour
    std: tuple[Above, Above, Above]
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
        """Return the content of teacher.json, as indented JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_trained(folder: Path) -> Trained:
    """Read a folder that `smallset train` made.

    Raises FileNotFoundError if a file is missing, and ValueError if teacher.json is damaged or of
    another version.
    """
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"'{folder}' is not a teacher: it has no {name}. Needed a folder that "
                "`smallset train` made. Check the path, or train one."
            )
    where = f"'{folder / CARD}'"
    advice = "Train the teacher again, or use the version that made it."
    value = json_value((folder / CARD).read_bytes(), where=where, advice=advice)
    found = typed(value, _Format, where=where, advice=advice, more=True).format
    if found != FORMAT:
        raise ValueError(
            f"{where} has the format {found!r}, but this version of `smallset train` reads "
            f"{FORMAT!r}. {advice}"
        )
    return typed(value, Trained, where=where, advice=advice)


@dataclass(frozen=True)
class _Format:
    format: str
