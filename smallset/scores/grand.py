"""GraNd: the norm of the gradient of an image's loss with respect to an observer's weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from smallset.lazy import F, Tensor, torch
from smallset.models import Network
from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.observers.record import Records
from smallset.scores.score import MomentScore
from smallset.shapes import Float, Float32, Int64
from smallset.train.evaluation import inference_batch
from smallset.train.render import to_unit

# Gradients in memory at once: 256 MB of float32.
_HELD = 2**26


@dataclass(frozen=True)
class GraNd(MomentScore):
    """Mean norm of the gradient of an image's loss, over late epochs and runs (arXiv 2107.07075).

    `layers="last"` uses the closed form for the last linear layer and its bias, ||p - onehot(y)||
    sqrt(1 + ||h||^2) with h the input of that layer. It costs no more than the observer's
    training. `layers="all"` takes the gradient of every weight, in float32 and eval mode. This
    costs a forward and a backward pass for each image and epoch. A network that cannot give the
    gradient of a single image is refused before it trains. `epochs` and `runs` are as in `el2n`.
    """

    name = "grand"
    trained = False
    epochs: int | tuple[int, ...] | Literal["late"] = "late"
    runs: int = 1
    layers: Literal["last", "all"] = "last"
    observer: AnyObserver = Observer()

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        self.check(observed)
        return super().__call__(observed)

    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Return the mean norm over the epochs."""
        if self.layers == "last":
            return super().of_run(seen, run, epochs)
        seen.dynamics(self.observer, run=run)  # trains here, outside the progress of an epoch
        total = np.zeros(len(seen.labels), np.float64)
        for number, epoch in enumerate(epochs):
            total += self._all_layers(seen.part(number, len(epochs), "epoch"), run, epoch)
        return total / len(epochs)

    def of_moment(self, moment: Records) -> Float[np.ndarray, " n"]:
        """Return ||p - onehot(y)|| sqrt(1 + ||h||^2), the gradient norm of the last layer."""
        norm: Float[np.ndarray, " n"] = moment["el2n"] * np.sqrt(1 + moment["feature"] ** 2)
        return norm

    def check(self, observed: Observed) -> None:
        """Raise ValueError if the network cannot give the gradients that `layers` needs."""
        if self.layers == "last":
            return
        model, name = observed.built(self.observer), observed.settled(self.observer).model
        check_gradients(model, name=name, size=observed.images.size)

    def _all_layers(self, observed: Observed, run: int, epoch: int) -> Float32[np.ndarray, " n"]:
        def rows() -> Iterator[Float32[np.ndarray, " b"]]:
            model = observed.network(self.observer, run=run, epoch=epoch)
            chunk = chunk_of(model, observed.images.size)
            for start in range(0, len(observed.images), chunk):
                indices = np.arange(start, min(start + chunk, len(observed.images)))
                pixels = to_unit(observed.images.batch(indices).to(observed.machine.device))
                labels = torch.from_numpy(observed.labels[indices]).to(pixels.device)
                yield gradient_norms(model, pixels, labels).cpu().numpy()
                if observed.progress is not None:
                    observed.progress("gradients", int(indices[-1]) + 1, len(observed.images))

        return observed.kept(self.observer, f"gradient-{epoch:05d}", rows, run=run)


def chunk_of(model: Network, size: int) -> int:
    """Return how many images' gradients to take at once, for images of `size` pixels.

    Their gradients fit in 256 MB. They are at most an eighth of an inference batch, since the
    backward pass keeps activations: 5 MB an image for resnet8 at 32 px.
    """
    weights = sum(p.numel() for p in model.parameters())
    return max(1, min(_HELD // weights, inference_batch(size) // 8))


def check_gradients(model: Network, *, name: str, size: int) -> None:
    """Raise ValueError if a network cannot give the gradient of a single image.

    The gradient of a black image is tried.
    """
    device = model.mean.device
    label = torch.zeros(1, dtype=torch.int64, device=device)
    try:
        gradient_norms(model, torch.zeros(1, 3, size, size, device=device), label)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # every unsupported operation raises its own error
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(
            f"the observer {name!r} cannot give the gradient of a single image ({why}). Needed a "
            "network that torch.func can differentiate. Choose another observer, or layers=last."
        ) from error


def gradient_norms(
    model: Network, pixels: Float32[Tensor, "b 3 s s"], labels: Int64[Tensor, " b"]
) -> Float32[Tensor, " b"]:
    """Return the norm of each image's cross-entropy gradient with respect to all weights.

    Sets the network to eval mode.
    """
    model.eval()
    weights = {name: p.detach() for name, p in model.named_parameters()}
    buffers = dict(model.named_buffers())

    def loss(weights: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        logits = torch.func.functional_call(model, (weights, buffers), (image[None],))
        return F.cross_entropy(logits, label[None])

    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(
        weights, pixels, labels
    )
    squares = [g.flatten(1).square().sum(1) for g in gradients.values()]
    norm: Tensor = torch.stack(squares).sum(0).sqrt()
    return norm
