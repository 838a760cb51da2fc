"""ResNets (He et al. 2016): ImageNet's with a 7x7 or 3x3 stem, and the thin CIFAR family."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from smallset.models.table import Shortcut
from smallset.shapes import Float


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: a projection or option A if the shape changes."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, shortcut: Shortcut = "conv") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = _shortcut(inputs, width, stride, shortcut)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Return the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y.add_(self.shortcut(x)), inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride) and 1x1 convolutions and a shortcut. The output is 4 x width."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, shortcut: Shortcut = "conv") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.shortcut = _shortcut(inputs, 4 * width, stride, shortcut)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Return the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        return F.relu(y.add_(self.shortcut(x)), inplace=True)


class ResNet(nn.Sequential):
    """A stem, stages of residual blocks (all but the first halve h and w), mean pool, linear head.

    The stem "7x7" is ImageNet's: its stride and max-pool shrink the image 4 x. The stem "3x3" keeps
    the full resolution for small images. `shortcut` is what a block that changes the shape adds: a
    1x1 convolution of its input ("conv"), or every second pixel and channels of zeros ("a").
    """

    def __init__(
        self,
        classes: int,
        *,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: tuple[int, ...],
        widths: tuple[int, ...],
        stem: Literal["7x7", "3x3"],
        shortcut: Shortcut = "conv",
    ) -> None:
        super().__init__()
        channels = widths[0]
        kernel, stride = (7, 2) if stem == "7x7" else (3, 1)
        layers: list[nn.Module] = [
            nn.Conv2d(3, channels, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
        if stem == "7x7":
            layers.append(nn.MaxPool2d(3, 2, 1))
        self.blocks, self.first_block = blocks, len(layers)
        for stage, (count, width) in enumerate(zip(blocks, widths, strict=True)):
            for index in range(count):
                layers.append(block(channels, width, 2 if stage and not index else 1, shortcut))
                channels = width * block.expansion
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class PaddedShortcut(nn.Module):
    """Option A of He et al. 2016, section 3.3: every second pixel, zeros for the new channels."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.before, self.after = new_channels // 2, new_channels - new_channels // 2
        self.stride = stride

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Return the input in the shape of the block's output, with half of the zeros in front."""
        strided = x[:, :, :: self.stride, :: self.stride]
        return F.pad(strided, (0, 0, 0, 0, self.before, self.after))


def _shortcut(inputs: int, outputs: int, stride: int, kind: Shortcut) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    if kind == "a":
        return PaddedShortcut(outputs - inputs, stride)
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
