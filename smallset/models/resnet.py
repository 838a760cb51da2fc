"""ResNets (He et al. 2016): ImageNet's with a 7x7 or 3x3 stem, and the thin CIFAR family."""

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (1x1 projection where the shape changes)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = _shortcut(inputs, width, stride)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Give the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y.add_(self.shortcut(x)), inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3 (carries the stride), 1x1 convolutions and a shortcut; the output is 4 x width."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.shortcut = _shortcut(inputs, 4 * width, stride)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Give the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        return F.relu(y.add_(self.shortcut(x)), inplace=True)


class ResNet(nn.Module):
    """A stem, stages of residual blocks that halve all but the first, mean pool, linear head.

    `stem="7x7"` is ImageNet's (stride 2 and max-pool: the image shrinks 4 x at once), `"3x3"` keeps
    the full resolution for small images.
    """

    def __init__(
        self,
        classes: int,
        *,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: tuple[int, ...],
        widths: tuple[int, ...],
        stem: Literal["7x7", "3x3"],
    ) -> None:
        super().__init__()
        channels = widths[0]
        wide = stem == "7x7"
        layers: list[nn.Module] = [
            nn.Conv2d(
                3, channels, 7 if wide else 3, 2 if wide else 1, 3 if wide else 1, bias=False
            ),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
        if wide:
            layers.append(nn.MaxPool2d(3, 2, 1))
        for stage, (count, width) in enumerate(zip(blocks, widths, strict=True)):
            for index in range(count):
                layers.append(block(channels, width, 2 if stage and not index else 1))
                channels = width * block.expansion
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Give logits."""
        logits: Tensor = self.head(self.body(x))
        return logits


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
