"""Networks of other libraries: `timm:NAME` and `torchvision:NAME`, imported when asked for."""

from collections.abc import Callable
from importlib import import_module

from torch import nn

from smallset.spec import nearest


def _timm(name: str, classes: int) -> nn.Module:
    timm = import_module("timm")
    if name not in timm.list_models():
        close = [m for m in timm.list_models(f"*{name[:6]}*")][:8]
        raise ValueError(f"timm has no model {name!r}. {nearest(name, close)}")
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return model


def _torchvision(name: str, classes: int) -> nn.Module:
    models = import_module("torchvision.models")
    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(f"torchvision has no classifier {name!r}. {nearest(name, known)}")
    model: nn.Module = models.get_model(name, weights=None, num_classes=classes)
    return model


ADAPTERS: dict[str, Callable[[str, int], nn.Module]] = {"timm": _timm, "torchvision": _torchvision}


def adapt(library: str, name: str, classes: int) -> nn.Module:
    """Build network `name` of another library with fresh weights and `classes` outputs.

    Raises ValueError when the library is unknown, cannot be imported, or has no such network.
    """
    if library not in ADAPTERS:
        raise ValueError(
            f"there is no model library {library!r}. {nearest(library, ADAPTERS)} "
            "Write timm:NAME or torchvision:NAME."
        )
    try:
        return ADAPTERS[library](name, classes)
    except (ImportError, RuntimeError) as error:
        # torchvision beside another build of torch fails with a RuntimeError at import.
        raise ValueError(
            f"the model {library}:{name} needs {library}, which cannot be used here "
            f"({str(error).splitlines()[0]}). Install it with: pip install 'smallset[{library}]'."
        ) from error
