"""Teachers of a matrix: ready ones, and those that the bench trains on a table's full data."""

from dataclasses import dataclass

from smallset.bench.sources import Places
from smallset.models import build_model, weights_sha256
from smallset.models.spec import read_model
from smallset.models.teacher import load_teacher
from smallset.pipeline.train import RECIPES
from smallset.spec import build, nearest, read
from smallset.train.protocol import check_epochs

OWN = "train"
FRESH = ""
"""In place of a hash, for a teacher that starts from fresh weights: its spec says it all."""


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


def check_spec(spec: str) -> None:
    """Raise ValueError for a teacher's spec that is wrong by itself; looks at no file."""
    own = own_teacher(spec)
    if own is None:
        if "(" in spec:  # else it may be a folder
            read_model(spec)
        return
    read_model(own.model)
    if own.epochs < 1:
        raise ValueError(f"{spec!r}: epochs={own.epochs} trains nothing. Give at least 1.")
    check_epochs(f"{spec!r}:", own.epochs)
    if own.recipe not in RECIPES:
        raise ValueError(f"{spec!r}: no recipe {own.recipe!r}. {nearest(own.recipe, RECIPES)}")


def check_teacher(spec: str, places: Places, *, classes: tuple[str, ...], size: int) -> str:
    """Load a ready teacher and give the sha256 of all that its logits depend on.

    For one to be trained it is that of the weights it starts from, `FRESH` for fresh ones. Raises
    ValueError or OSError where it cannot be loaded or built, or cannot teach these classes.
    """
    own = own_teacher(spec)
    if own is None:
        return load_teacher(places.fill(spec), classes=classes, size=size).sha256
    build_model(own.model, classes=len(classes), size=size, seed=own.seed)
    return weights_sha256(own.model) or FRESH
