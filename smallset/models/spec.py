"""The spec of a network: its name, its weights, and the options for using them correctly."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from inspect import Signature, signature
from pathlib import Path

from smallset.files import at_home
from smallset.models.table import MODELS, Shortcut
from smallset.models.weights import read_weights
from smallset.spec import build, nearest, read, write

DEFAULT = "default"

Colour = tuple[float, float, float]
# Of ImageNet's pixels in 0..1.
MEAN: Colour = (0.485, 0.456, 0.406)
STD: Colour = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelSpec:
    """`NAME(weights=PATH, shortcut=a, mean=(...), std=(...), size=32, classes=FILE)` as values.

    `weights` is a file, or "default" for the pretrained weights of timm and torchvision. `mean` and
    `std` are of pixels in 0..1 (None: ImageNet's, or those of the default weights). `size` is the
    side in pixels of a teacher's input. `classes` is a file or "same" (see `load_teacher`).
    """

    name: str
    weights: str | None = None
    shortcut: Shortcut = "conv"
    mean: Colour | None = None
    std: Colour | None = None
    size: int | None = None
    classes: str | None = None

    @property
    def library(self) -> str:
        """`timm`, `torchvision`, or "" for a network of our own."""
        return self.name.partition(":")[0] if ":" in self.name else ""

    @property
    def own_name(self) -> str:
        """The name of a library's network within that library."""
        return self.name.partition(":")[2]

    @property
    def text(self) -> str:
        """The spec without options at their default, so that equal networks have equal texts."""
        options = [
            f"{f.name}={write(getattr(self, f.name), {})}"
            for f in fields(self)[1:]
            if getattr(self, f.name) != f.default
        ]
        return f"{self.name}({', '.join(options)})" if options else self.name


def read_model(text: str) -> ModelSpec:
    """Read the spec of a network, without opening any file.

    Raises ValueError for bad grammar, an unknown name, and an option that is unknown or that the
    network cannot have. For an unknown name, the message gives the nearest name and all names.
    """
    name = read(text).name
    if name not in MODELS and ":" not in name:
        raise ValueError(
            f"there is no model {name!r}. {nearest(name, MODELS)} "
            "Or timm:NAME, torchvision:NAME, from those libraries."
        )
    spec = build(text, ModelSpec, {ModelSpec: {name: _entry(name)}})
    if spec.shortcut == "a" and MODELS[name].build_a is None:
        known = ", ".join(n for n, entry in MODELS.items() if entry.build_a)
        raise ValueError(
            f"{name!r} has no shortcut=a. Only the CIFAR family has: {known}. Leave shortcut out."
        )
    if spec.weights == DEFAULT and not spec.library:
        raise ValueError(
            f"{text!r}: {name!r} comes with no default weights. Needed the path of a weights file. "
            "Give weights=PATH, or take timm:NAME or torchvision:NAME."
        )
    if spec.std is not None and min(spec.std) <= 0:
        raise ValueError(
            f"{name}'s std={spec.std} divides the pixels, so each must be above 0. "
            "Give the deviation of pixels in 0..1."
        )
    if spec.size is not None and spec.size < 1:
        raise ValueError(f"{name}'s size={spec.size} is too small. Give the side in pixels.")
    return spec


def check_model(name: str) -> None:
    """Check, before any work, that `name` is the spec of a network that can be trained.

    Raises ValueError for a bad spec, an unknown name or a file without weights, and
    FileNotFoundError for a missing file. Only `build_model` checks whether the weights and the size
    fit, and whether another library can be imported.
    """
    file = weights_file(student_spec(name))
    if file is not None:
        read_weights(file)


def worth_compiling(name: str) -> bool:
    """Tell whether inductor makes this network faster."""
    known = read_model(name).name
    return known in MODELS and MODELS[known].worth_compiling


def student_spec(text: str) -> ModelSpec:
    """Read the spec of a network for training. Raises ValueError for options of a teacher."""
    spec = read_model(text)
    for option, value in (("size", spec.size), ("classes", spec.classes)):
        if value is not None:
            raise ValueError(
                f"{text!r}: {option}={value} tells how a teacher is used; a network that is "
                f"trained takes its {option} from the set. Leave {option} out."
            )
    return spec


def weights_file(spec: ModelSpec) -> Path | None:
    """Return the weights file of a spec, or None. Raises FileNotFoundError if it is not a file."""
    if spec.weights is None or spec.weights == DEFAULT:
        return None
    path = at_home(spec.weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no weights file {spec.weights!r} for {spec.name!r}. Needed a file that "
            "torch.save or safetensors wrote. Check the path in weights=PATH."
        )
    return path


def _entry(name: str) -> Callable[..., ModelSpec]:
    """Return what the grammar builds for a name. Its parameters are the network's options."""

    def entry(**options: object) -> ModelSpec:
        return replace(ModelSpec(name), **options)  # type: ignore[arg-type]

    missing = {"name"} if name in MODELS else {"name", "shortcut"}
    known = [p for p in signature(ModelSpec).parameters.values() if p.name not in missing]
    entry.__signature__ = Signature(known)  # type: ignore[attr-defined]
    return entry
