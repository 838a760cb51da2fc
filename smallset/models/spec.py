"""The spec of a network: a name, and what its weights need to be used rightly."""

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
# ImageNet's.
MEAN: Colour = (0.485, 0.456, 0.406)
STD: Colour = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelSpec:
    """`NAME(weights=PATH, shortcut=a, mean=(...), std=(...), size=32, classes=FILE)`, read.

    `weights` is a file, or "default" for the pretrained ones of timm and torchvision. `mean` and
    `std` are of pixels in 0..1 (None: ImageNet's, or those of the library's own weights). `size` is
    the side in pixels at which a teacher looks, `classes` a file or "same": see `load_teacher`.
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
        """`timm`, `torchvision`, or nothing for a network of the table."""
        return self.name.partition(":")[0] if ":" in self.name else ""

    @property
    def own_name(self) -> str:
        """The name of a library's network within that library."""
        return self.name.partition(":")[2]

    @property
    def text(self) -> str:
        """The spec itself, without what is default: equal networks have equal texts."""
        options = [
            f"{f.name}={write(getattr(self, f.name), {})}"
            for f in fields(self)[1:]
            if getattr(self, f.name) != f.default
        ]
        return f"{self.name}({', '.join(options)})" if options else self.name


def read_model(text: str) -> ModelSpec:
    """Read the spec of a network; looks at no file.

    Raises ValueError for bad grammar, an unknown name (with the nearest and the list), an unknown
    option, or an option that this network cannot have.
    """
    name = read(text).name
    if name not in MODELS and ":" not in name:
        raise ValueError(
            f"there is no model {name!r}. {nearest(name, MODELS)} "
            "Or timm:NAME, torchvision:NAME, from those libraries."
        )
    spec = build(text, ModelSpec, {ModelSpec: {name: _entry(name)}})
    assert isinstance(spec, ModelSpec)  # build() gives what its table makes
    if spec.shortcut == "a" and MODELS[name].build_a is None:
        known = ", ".join(n for n, entry in MODELS.items() if entry.build_a)
        raise ValueError(
            f"{name!r} has no shortcut=a. Only the CIFAR family has: {known}. Leave it out."
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
    """Raise, before any work, unless `name` is a spec of a network that can be trained.

    ValueError for a bad spec, an unknown name (with the nearest and the list) or a file that holds
    no weights, FileNotFoundError for a file that is not there. Whether the weights and the size
    fit, and another library is here, is seen when the network is built.
    """
    file = weights_file(student_spec(name))
    if file is not None:
        read_weights(file)


def worth_compiling(name: str) -> bool:
    """Whether inductor makes this network faster."""
    known = read_model(name).name
    return known in MODELS and MODELS[known].worth_compiling


def student_spec(text: str) -> ModelSpec:
    """Read the spec of a network to be trained, which sees the set's size and classes."""
    spec = read_model(text)
    for option, value in (("size", spec.size), ("classes", spec.classes)):
        if value is not None:
            raise ValueError(
                f"{text!r}: {option}={value} tells how a teacher is used; a network that is "
                f"trained takes its {option} from the set. Leave it out."
            )
    return spec


def weights_file(spec: ModelSpec) -> Path | None:
    """Give the file that a spec names; raises FileNotFoundError where it is no file."""
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
