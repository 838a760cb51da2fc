"""ConvNet-D3/D4/D5, the usual small student of distillation (Gidaris and Komodakis 2018)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from smallset.shapes import Float


class InstanceNorm(nn.Module):
    """Instance normalisation with an affine map and eps 1e-5, equal to `InstanceNorm2d`.

    When compiled, the code consists of plain reductions, which inductor fuses with the ReLU and the
    pooling after it; `InstanceNorm2d` would take longer than the convolutions of ConvNet-D3. In
    eager mode, torch's own kernel is faster.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        """Normalise each channel of each image to mean `bias` and standard deviation `weight`."""
        if not torch.compiler.is_compiling():
            return F.instance_norm(x, weight=self.weight, bias=self.bias)
        variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
        scale = (variance + 1e-5).rsqrt() * self.weight.view(1, -1, 1, 1)
        return (x * scale + (self.bias.view(1, -1, 1, 1) - mean * scale)).to(x.dtype)


class ConvNet(nn.Sequential):
    """`depth` blocks of conv3x3-128, instance norm, ReLU and 2x2 average pool, then a linear head.

    The input is normalised pixels (b, 3, size, size). Raises ValueError if `size` < 2**depth.
    """

    def __init__(self, classes: int, size: int, *, depth: int, width: int = 128) -> None:
        super().__init__()
        if size < 2**depth:
            raise ValueError(
                f"ConvNet-D{depth} halves the image {depth} times, so it needs at least "
                f"{2**depth} px, but the size is {size}. "
                "Use a larger --size or a shallower student."
            )
        layers: list[nn.Module] = []
        for block in range(depth):
            layers += [
                nn.Conv2d(width if block else 3, width, 3, padding=1),
                InstanceNorm(width),
                nn.ReLU(inplace=True),
                nn.AvgPool2d(2),
            ]
        # A Sequential calls what it is given in this order: the body, then the head.
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(width * (size // 2**depth) ** 2, classes)
