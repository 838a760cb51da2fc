"""A network together with the normalisation of pixels that belongs to its weights."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from smallset.models.spec import MEAN, STD, Colour
from smallset.shapes import Float


class Network(nn.Module):
    """A classifier of pixels in 0..1. It normalises them, by default with ImageNet's numbers."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, net: nn.Module, *, worth_compiling: bool, mean: Colour = MEAN, std: Colour = STD
    ) -> None:
        super().__init__()
        self.net = net
        self.worth_compiling = worth_compiling
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Return logits for RGB pixels in 0..1."""
        return self.logits((pixels - self.mean) / self.std)

    def logits(self, normalised: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Return logits for pixels that are normalised already."""
        logits: Tensor = self.net(normalised)
        return logits


class TeacherNetwork(Network):
    """A frozen network whose logits are those of the data's classes, for images of any side.

    `outputs` are the outputs to keep, one for each class of the data. The others are dropped before
    any softmax. Images of another side than `size` are resized (bilinear, antialiased when they
    shrink). If `size` is None, images keep their size.
    """

    outputs: Tensor

    def __init__(
        self,
        net: nn.Module,
        *,
        outputs: tuple[int, ...],
        size: int | None,
        mean: Colour,
        std: Colour,
    ) -> None:
        super().__init__(net, worth_compiling=False, mean=mean, std=std)
        self.size = size
        self.register_buffer("outputs", torch.tensor(outputs))
        self.eval().requires_grad_(False)

    def forward(self, pixels: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Return logits for RGB pixels in 0..1."""
        return self.logits((self._fitted(pixels) - self.mean) / self.std)

    def logits(self, normalised: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Return logits for pixels that are normalised already."""
        return super().logits(self._fitted(normalised))[:, self.outputs]

    def _fitted(self, images: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 t t"]:
        """Resize to the side at which the network looks."""
        side = images.shape[-1]
        if self.size is None or side == self.size:
            return images
        sides = (self.size, self.size)
        return F.interpolate(images, sides, mode="bilinear", antialias=side > self.size)


class MeanLogits(nn.Module):
    """The mean of several networks' logits.

    With `rescale`, each network's logits of a view are first scaled to the mean of the networks'
    Euclidean norms, so that no network outweighs the others. On ImageNet, G-VBSM (arXiv 2311.17950)
    rescales by the norms of a whole batch. Here each view is rescaled by its own norms, so that its
    label does not depend on the other views of its batch.
    """

    def __init__(self, networks: Sequence[nn.Module], *, rescale: bool) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.rescale = rescale

    def forward(self, pixels: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Return the mean logits for RGB pixels in 0..1."""
        logits = torch.stack([network(pixels).float() for network in self.networks])
        if self.rescale:
            logits = F.normalize(logits, dim=2) * logits.norm(dim=2, keepdim=True).mean(0)
        return logits.mean(0)
