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
        logits: Tensor = self.net((pixels - self.mean) / self.std)
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
        side = pixels.shape[-1]
        if self.size is not None and side != self.size:
            sides = (self.size, self.size)
            pixels = F.interpolate(pixels, sides, mode="bilinear", antialias=side > self.size)
        return super().forward(pixels)[:, self.outputs]
