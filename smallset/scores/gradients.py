"""The length of each image's own gradient by all weights of a network."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.func import functional_call, grad, vmap

from smallset.models import Network
from smallset.records import Progress
from smallset.train.device import Machine
from smallset.train.loop import Images
from smallset.train.render import to_unit

_HELD = 1 << 26
"""Numbers of gradients held at once, 256 MiB in float32: an image has as many as weights."""

_MOST = 64

Norms = Callable[[Tensor, Tensor], Tensor]


def gradient_norms(
    model: Network,
    images: Images,
    labels: Int64[np.ndarray, " n"],
    *,
    machine: Machine,
    progress: Progress | None = None,
) -> Iterator[Float32[np.ndarray, " b"]]:
    """Give ||d(-log p_y) / d(all weights)||_2 of each clean image in order, a few at a time.

    Eval mode and float32, whatever the machine's precision.
    """
    norms, count = _norms(model), sum(p.numel() for p in model.parameters())
    batch = max(1, min(_MOST, _HELD // count))  # by the network alone, so values don't vary
    for start in range(0, len(images), batch):
        indices = np.arange(start, min(start + batch, len(images)))
        pixels = to_unit(images.batch(indices).to(machine.device))
        own = torch.from_numpy(labels[indices]).to(machine.device)
        yield norms(pixels, own).cpu().numpy()
        if progress is not None:
            progress("score", int(indices[-1]) + 1, len(images))


def check_gradients(model: Network, *, name: str, size: int) -> None:
    """Raise ValueError where a network has no gradient an image; tried on one black image."""
    device = model.mean.device
    label = torch.zeros(1, dtype=torch.int64, device=device)
    try:
        _norms(model)(torch.zeros(1, 3, size, size, device=device), label)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # each operation without a rule for it objects in its own way
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(
            f"the observer {name!r} gives no gradient for each image by itself ({why}). Needed a "
            "network that torch.func can differentiate. Choose another observer, or layers=last."
        ) from error


def _norms(model: Network) -> Norms:
    """Give the function from pixels and labels of a batch to an image's norm each."""
    model.eval()
    weights = {name: p.detach() for name, p in model.named_parameters()}
    rest = dict(model.named_buffers())

    def loss(weights: dict[str, Tensor], pixels: Tensor, label: Tensor) -> Tensor:
        logits = functional_call(model, (weights, rest), (pixels[None],))
        return F.cross_entropy(logits, label[None])

    def norm(pixels: Tensor, label: Tensor) -> Tensor:
        parts = grad(loss)(weights, pixels, label).values()
        return torch.stack([part.square().sum() for part in parts]).sum().sqrt()

    made: Norms = vmap(norm)
    return made
