"""Networks of other libraries, `timm:NAME` and `torchvision:NAME`, imported only when used."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from smallset.lazy import Module, torch
from smallset.models.spec import Colour, read_model
from smallset.models.weights import head_name
from smallset.spec import nearest


@dataclass(frozen=True)
class LibraryNetwork:
    """A library's network with its weights, and what is known of its training images.

    `mean` and `std` are of pixels in 0..1. `size` is the side in pixels. `outputs` is the number of
    logits.
    """

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


def _timm_pretrained(name: str) -> LibraryNetwork:
    net = import_module("timm").create_model(name, pretrained=True)
    config = net.pretrained_cfg
    mean, std = _colour(config["mean"]), _colour(config["std"])
    return LibraryNetwork(net, mean, std, int(config["input_size"][-1]), int(net.num_classes))


def _torchvision_pretrained(name: str) -> LibraryNetwork:
    models = import_module("torchvision.models")
    weights = models.get_model_weights(name).DEFAULT
    net = models.get_model(name, weights=weights)
    view = weights.transforms()
    outputs = len(weights.meta["categories"])
    return LibraryNetwork(
        net, _colour(view.mean), _colour(view.std), int(view.crop_size[0]), outputs
    )


ADAPTERS: dict[str, Callable[[str, int], Module]] = {"timm": _timm, "torchvision": _torchvision}
PRETRAINED: dict[str, Callable[[str], LibraryNetwork]] = {
    "timm": _timm_pretrained,
    "torchvision": _torchvision_pretrained,
}


def adapt(library: str, name: str, classes: int) -> Module:
    """Build network `name` of another library with fresh weights and `classes` outputs.

    Raises ValueError if the library is unknown, cannot be imported, or lacks the network.
    """
    with _at_hand(library, name):
        return ADAPTERS[library](name, classes)


def library_of(model: str) -> dict[str, str]:
    """Return the name and version of a network's library, or nothing for a network of our own.

    Raises ValueError if the library cannot be used here.
    """
    spec = read_model(model)
    if not spec.library:
        return {}
    with _at_hand(spec.library, spec.own_name):
        version = getattr(import_module(spec.library), "__version__", "unknown")
    return {spec.library: str(version)}


def pretrained(library: str, name: str) -> LibraryNetwork:
    """Return network `name` with the library's weights and classifier.

    Raises ValueError if the library or the network is missing, or if the weights are not in the
    library's cache and cannot be downloaded.
    """
    adapt(library, name, 1)  # fails with a clear message if the library or the network is missing
    try:
        return PRETRAINED[library](name)
    except Exception as error:  # each library's downloader has its own errors
        raise ValueError(
            f"the default weights of {library}:{name} cannot be loaded ({_reason(error)}). Needed "
            "the library's cache or a network connection. Or give weights=PATH of a file."
        ) from error


def check_runs(net: Module, *, name: str, size: int, outputs: int) -> None:
    """Raise ValueError unless a network gives `outputs` logits for images of `size` pixels.

    Some libraries' networks take only one size, or return more than logits in training. A network
    in training mode changes its running statistics, so pass a copy.
    """
    device = next(net.parameters()).device
    try:
        with torch.no_grad():
            given: object = net(torch.zeros(2, 3, size, size, device=device))
    except Exception as error:  # each network has its own errors
        why = _reason(error)
    else:
        if isinstance(given, torch.Tensor) and given.shape == (2, outputs):
            return
        shape = f" of {tuple(given.shape)}" if isinstance(given, torch.Tensor) else ""
        why = f"for 2 images it returns a {type(given).__name__}{shape}, not (2, {outputs})"
    raise ValueError(
        f"the network {name!r} cannot be used on images of {size} px ({why}). Needed one that "
        f"returns {outputs} logits for them. Choose another network or another size."
    )


def replace_head(net: Module, classes: int) -> None:
    """Replace the last linear layer by a fresh one with `classes` outputs.

    Raises ValueError for a network without a linear layer.
    """
    parent, _, name = head_name(net).rpartition(".")
    holder = net.get_submodule(parent)
    old = holder.get_submodule(name)
    assert isinstance(old, torch.nn.Linear)  # head_name() names a linear layer
    setattr(holder, name, torch.nn.Linear(old.in_features, classes, bias=old.bias is not None))


@contextmanager
def _at_hand(library: str, name: str) -> Iterator[None]:
    """Turn errors of a library that is unknown or cannot be used into a clear ValueError."""
    if library not in ADAPTERS:
        raise ValueError(
            f"there is no model library {library!r}. {nearest(library, ADAPTERS)} "
            "Write timm:NAME or torchvision:NAME."
        )
    try:
        yield
    except (ImportError, RuntimeError) as error:
        # torchvision raises a RuntimeError at import if it was built for another torch.
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
