"""Teachers of a matrix: ready ones, and those that the bench trains on a table's full data."""

from dataclasses import dataclass

from smallset.bench.sources import Places
from smallset.models import check_model
from smallset.models.teacher import load_teacher
from smallset.spec import build, read

OWN = "train"


@dataclass(frozen=True)
class Own:
    """`train(model=..., epochs=...)`: a network trained by the bench, as `smallset train` does."""

    model: str
    epochs: int = 30
    recipe: str = "teacher-v1"
    seed: int = 0


def own_teacher(spec: str) -> Own | None:
    """Read the spec of a teacher to be trained; None where it is a ready one's.

    Raises ValueError for an unknown option or one of another type.
    """
    if not spec.startswith(f"{OWN}(") or read(spec).name != OWN:
        return None
    own = build(spec, Own, {Own: {OWN: Own}})
    assert isinstance(own, Own)  # build() gives what its table makes
    return own


def check_teacher(spec: str, places: Places, *, classes: tuple[str, ...], size: int) -> str:
    """Load a ready teacher and give the sha256 of its weights; "" for one to be trained.

    Raises ValueError or OSError where it cannot be loaded, or cannot teach these classes.
    """
    own = own_teacher(spec)
    if own is None:
        return load_teacher(places.fill(spec), classes=classes, size=size).sha256
    check_model(own.model)
    if own.epochs < 1:
        raise ValueError(f"{spec!r}: epochs={own.epochs} trains nothing. Give at least 1.")
    return ""
