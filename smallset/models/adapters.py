"""Networks of other libraries: `timm:NAME` and `torchvision:NAME`, imported when asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from smallset.lazy import Module, torch
from smallset.models.spec import Colour
from smallset.models.weights import head_name
from smallset.spec import nearest


@dataclass(frozen=True)
class Pretrained:
    """A library's network with its own weights, and what they were trained to see."""

    net: Module
    mean: Colour
    std: Colour
    size: int
    outputs: int


def _timm(name: str, classes: int) -> Module:
    timm = import_module("timm")
    # A name may carry the tag of its weights: resnet18.a1_in1k.
    if name.partition(".")[0] not in timm.list_models():
        close = [m for m in timm.list_models(f"*{name[:6]}*")][:8]
        raise ValueError(f"timm has no model {name!r}. {nearest(name, close)}")
    model: Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return model


def _torchvision(name: str, classes: int) -> Module:
    models = import_module("torchvision.models")
    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(f"torchvision has no classifier {name!r}. {nearest(name, known)}")
    model: Module = models.get_model(name, weights=None, num_classes=classes)
    return model


def _timm_pretrained(name: str) -> Pretrained:
    net = import_module("timm").create_model(name, pretrained=True)
    config = net.pretrained_cfg
    mean, std = _colour(config["mean"]), _colour(config["std"])
    return Pretrained(net, mean, std, int(config["input_size"][-1]), int(net.num_classes))


def _torchvision_pretrained(name: str) -> Pretrained:
    models = import_module("torchvision.models")
    weights = models.get_model_weights(name).DEFAULT
    net = models.get_model(name, weights=weights)
    view = weights.transforms()
    outputs = len(weights.meta["categories"])
    return Pretrained(net, _colour(view.mean), _colour(view.std), int(view.crop_size[0]), outputs)


ADAPTERS: dict[str, Callable[[str, int], Module]] = {"timm": _timm, "torchvision": _torchvision}
PRETRAINED: dict[str, Callable[[str], Pretrained]] = {
    "timm": _timm_pretrained,
    "torchvision": _torchvision_pretrained,
}


def adapt(library: str, name: str, classes: int) -> Module:
    """Build network `name` of another library with fresh weights and `classes` outputs.

    Raises ValueError when the library is unknown, cannot be imported, or has no such network.
    """
    with _at_hand(library, name):
        return ADAPTERS[library](name, classes)


def library_version(library: str, name: str) -> str:
    """Give the version of the library that network `name` needs. Raises ValueError as `adapt`."""
    with _at_hand(library, name):
        return str(getattr(import_module(library), "__version__", "unknown"))


def pretrained(library: str, name: str) -> Pretrained:
    """Give network `name` with the weights that the library has for it, and its own classifier.

    Raises ValueError as `adapt`, and where the weights are not here and cannot be fetched.
    """
    adapt(library, name, 1)  # hears first of a library or a network that is not there
    try:
        return PRETRAINED[library](name)
    except Exception as error:  # each library's downloader fails in ways of its own
        raise ValueError(
            f"the default weights of {library}:{name} cannot be had ({_reason(error)}). Needed the "
            "library's cache or a network connection. Or give weights=PATH of a file."
        ) from error


def check_runs(net: Module, *, name: str, size: int, outputs: int) -> None:
    """Raise ValueError unless a network gives `outputs` logits for images of `size` pixels.

    Some libraries' networks take one size only, or give more than logits in training. Running
    statistics change in training mode: give a copy.
    """
    device = next(net.parameters()).device
    try:
        with torch.no_grad():
            given: object = net(torch.zeros(2, 3, size, size, device=device))
    except Exception as error:  # each network objects in its own way
        why = _reason(error)
    else:
        if isinstance(given, torch.Tensor) and given.shape == (2, outputs):
            return
        shape = f" of {tuple(given.shape)}" if isinstance(given, torch.Tensor) else ""
        why = f"for 2 images it gives a {type(given).__name__}{shape}, not (2, {outputs})"
    raise ValueError(
        f"the network {name!r} cannot be used on images of {size} px ({why}). Needed one that "
        f"gives {outputs} logits for them. Choose another network or another size."
    )


def replace_head(net: Module, classes: int) -> None:
    """Put a fresh linear classifier with `classes` outputs in the place of the last linear layer.

    Raises ValueError for a network without one.
    """
    parent, _, name = head_name(net).rpartition(".")
    holder = net.get_submodule(parent)
    old = holder.get_submodule(name)
    assert isinstance(old, torch.nn.Linear)  # head_name() names a linear layer
    setattr(holder, name, torch.nn.Linear(old.in_features, classes, bias=old.bias is not None))


@contextmanager
def _at_hand(library: str, name: str) -> Iterator[None]:
    """Say what to install where a library fails at import or at work."""
    if library not in ADAPTERS:
        raise ValueError(
            f"there is no model library {library!r}. {nearest(library, ADAPTERS)} "
            "Write timm:NAME or torchvision:NAME."
        )
    try:
        yield
    except (ImportError, RuntimeError) as error:
        # torchvision beside another build of torch fails with a RuntimeError at import.
        raise ValueError(
            f"the model {library}:{name} needs {library}, which cannot be used here "
            f"({str(error).splitlines()[0]}). Install it with: pip install 'smallset[{library}]'."
        ) from error


def _reason(error: Exception) -> str:
    """Return the first line of an error for the middle of a message."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def _colour(values: Sequence[float]) -> Colour:
    red, green, blue = (float(v) for v in values)
    return red, green, blue
