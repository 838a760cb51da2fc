"""A classifier on pixels: the network and the normalisation that belongs to its weights."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from smallset.models.spec import MEAN, STD, Colour


class Network(nn.Module):
    """A classifier on pixels in 0..1, which it normalises: by default with ImageNet's numbers."""

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
        """Give logits for RGB pixels in 0..1."""
        return self.logits((pixels - self.mean) / self.std)

    def logits(self, normalised: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Give logits for pixels that are normalised already."""
        logits: Tensor = self.net(normalised)
        return logits


class TeacherNetwork(Network):
    """Gives logits over the data's classes for pixels in 0..1 of any side.

    `outputs` are the network's own outputs to keep, one a class of the data: restricted before any
    softmax. Pixels of another side than `size` are resized (bilinear, antialiased where they
    shrink); `size=None` takes them as they come.
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
        """Give logits for RGB pixels in 0..1."""
        return self.logits((self._fitted(pixels) - self.mean) / self.std)

    def logits(self, normalised: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Give logits for pixels that are normalised already."""
        return super().logits(self._fitted(normalised))[:, self.outputs]

    def _fitted(self, images: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 t t"]:
        """Resize to the side at which the network looks."""
        side = images.shape[-1]
        if self.size is None or side == self.size:
            return images
        sides = (self.size, self.size)
        return F.interpolate(images, sides, mode="bilinear", antialias=side > self.size)
