"""Read weights files without running code from them, and load them strictly."""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

from smallset.lazy import Module, Tensor, torch

# The keys under which training scripts save a state dict, and the prefixes that wrappers put before
# the names in it: DataParallel, and our own Network.
_WRAPPERS = ("state_dict", "model")
_PREFIXES = ("module.", "net.")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict from a file of `torch.save` or a `.safetensors` file, onto the CPU.

    A dict in {"state_dict": ...} or {"model": ...} is unwrapped. A `module.` or `net.` at the start
    of every key is removed. Raises OSError if the file cannot be opened, and ValueError if it does
    not hold a state dict.
    """
    from safetensors.torch import load_file

    read = load_file if path.suffix == ".safetensors" else _torch
    path.open("rb").close()  # an OSError is not about the content
    try:
        loaded = read(path)
    except Exception as error:  # readers raise almost anything on damaged files
        # The readers' own messages do not help: a bare key, or advice to run code from the file.
        raise _no_weights(path, "it cannot be read as tensors alone") from error
    for wrapper in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
    if not isinstance(loaded, Mapping) or not loaded:
        raise _no_weights(path, f"it holds a {type(loaded).__name__} without entries of weights")
    weights = {}
    for key, value in loaded.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise _no_weights(path, f"its entry {key!r} is a {type(value).__name__}")
        weights[key] = value
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): value for key, value in weights.items()}
    return weights


def load_weights(
    net: Module, weights: Mapping[str, Tensor], *, name: str, source: str, new_head: bool
) -> None:
    """Copy weights into a network. Every key and shape must match.

    Foreign key names are translated. With `new_head`, the network keeps its fresh classifier if the
    number of classes differs. BatchNorm's batch counters may be missing, as in old files. Raises
    ValueError naming the keys and shapes that do not match.
    """
    from smallset.models.keys import translate

    given = translate(weights, net)
    if len(given) < len(weights):
        raise ValueError(
            f"{source!r} holds some weights of {name!r} under two names. Needed each once. "
            "Save the state dict of one network."
        )
    own = dict(net.state_dict())
    if new_head:
        head = head_name(net)
        given_head = given.get(f"{head}.weight")
        if given_head is not None and len(given_head) != len(own[f"{head}.weight"]):
            given = {k: v for k, v in given.items() if not k.startswith(f"{head}.")}
            given |= {k: v for k, v in own.items() if k.startswith(f"{head}.")}
    missing = [k for k in own if k not in given and not k.endswith("num_batches_tracked")]
    unknown = [k for k in given if k not in own]
    shapes = [
        f"{k} is {tuple(v.shape)} and not {tuple(own[k].shape)}"
        for k, v in given.items()
        if k in own and v.shape != own[k].shape
    ]
    if missing or unknown or shapes:
        problems = _some("missing", missing), _some("unknown", unknown), _some("shapes", shapes)
        raise ValueError(
            f"the weights {source!r} are not those of {name!r} with these options: "
            f"{'; '.join(p for p in problems if p)}. Name the network that they belong to, with "
            "its options (shortcut=a, size, classes)."
        )
    net.load_state_dict(own | given)


def head_name(net: Module) -> str:
    """Return the name of the classifier, which is the last linear layer.

    Raises ValueError for a network without a linear layer.
    """
    names: list[str] = [n for n, m in net.named_modules() if isinstance(m, torch.nn.Linear)]
    if not names:
        raise ValueError(
            f"{type(net).__name__} has no linear classifier to replace. Needed one whose last "
            "layer is linear. Choose another network, or give no weights."
        )
    return names[-1]


def tensors_sha256(weights: Mapping[str, Tensor]) -> str:
    """Return a sha256 in hex of the names, shapes and values of weights without a file."""
    digest = hashlib.sha256()
    for key, value in sorted(weights.items()):
        digest.update(f"{key} {tuple(value.shape)} {value.dtype} ".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _torch(path: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about pickles that are refused anyway
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    return loaded


def _no_weights(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{str(path)!r} is not a weights file ({why}). Needed a state dict that "
        "torch.save or safetensors wrote, of tensors only. Save model.state_dict() to a new file."
    )


def _some(what: str, entries: list[str]) -> str:
    if not entries:
        return ""
    more = f" and {len(entries) - 3} more" if len(entries) > 3 else ""
    return f"{what} {', '.join(entries[:3])}{more}"
