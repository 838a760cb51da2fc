"""A classifier on pixels: the network and the normalisation that belongs to its weights."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

Colour = tuple[float, float, float]


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
