"""Teachers of a matrix: ready networks, and networks that the bench trains on the full data."""

from dataclasses import dataclass

from smallset.bench.sources import Places
from smallset.models import build_model, weights_sha256
from smallset.models.several import read_several
from smallset.models.spec import read_model
from smallset.models.teacher import load_teacher
from smallset.pipeline.train import RECIPES
from smallset.spec import build, nearest, read
from smallset.train.protocol import check_epochs

OWN = "train"
FRESH = ""
"""The hash of a teacher that starts from fresh weights. The spec alone determines the teacher."""


@dataclass(frozen=True)
class Own:
    """`train(model=..., epochs=...)`: a network that the bench trains like `smallset train`."""

    model: str
    epochs: int = 30
    recipe: str = "teacher-v1"
    seed: int = 0


def own_teacher(spec: str) -> Own | None:
    """Read the spec of a teacher that the bench trains. Return None for a ready teacher.

    Raises ValueError for an option that is unknown or has a wrong type.
    """
    if not spec.startswith(f"{OWN}(") or read(spec).name != OWN:
        return None
    return build(spec, Own, {Own: {OWN: Own}})


def check_spec(spec: str) -> None:
    """Raise ValueError for a wrong teacher spec. Opens no file."""
    several = read_several(spec)
    if several is not None:
        for one in several.specs:
            if own_teacher(one) is not None:
                raise ValueError(
                    f"{spec!r}: {one!r} would be trained by the benchmark, but several teachers "
                    "must be ready. Train it with `smallset train`, and give the teacher's folder."
                )
            check_spec(one)
        return
    own = own_teacher(spec)
    if own is None:
        if "(" in spec:  # otherwise the spec may be a folder
            read_model(spec)
        return
    read_model(own.model)
    check_epochs(f"{spec!r}: epochs", own.epochs)
    if own.recipe not in RECIPES:
        raise ValueError(f"{spec!r}: no recipe {own.recipe!r}. {nearest(own.recipe, RECIPES)}")


def check_teacher(spec: str, places: Places, *, classes: tuple[str, ...], size: int) -> str:
    """Load a ready teacher, and return the sha256 of everything that its logits depend on.

    For a teacher that the bench trains, return the sha256 of its initial weights, or `FRESH`.
    Raises ValueError or OSError if the teacher cannot be loaded or built, or cannot teach these
    classes.
    """
    own = own_teacher(spec)
    if own is None:
        return load_teacher(places.fill(spec), classes=classes, size=size).sha256
    build_model(own.model, classes=len(classes), size=size, seed=own.seed)
    return weights_sha256(own.model) or FRESH
