"""What only the caller knows of what is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from smallset.records import Fit
from smallset.store.manifest import Asked, Seeds


@dataclass(frozen=True)
class About:
    """What only the caller knows of a set; the fields are those of `Manifest` and `Source`."""

    method: str
    spec: str
    seeds: Seeds
    given: str
    held_out: str
    fit: Fit
    view: str
    precision: str
    device: str
    made_with: Mapping[str, str] = field(default_factory=dict)
    asked: Asked | None = None
