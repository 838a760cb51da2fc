"""MobileNet-V2, EfficientNet-B0 and EfficientNet-Lite0: chains of inverted residual blocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from smallset.shapes import Float


@dataclass(frozen=True)
class Style:
    """The differences between the three families besides their stages.

    `same` means TensorFlow's padding: at stride 2, the odd pixel is at the right and bottom.
    """

    activation: Callable[[], nn.Module]
    squeeze: bool
    same: bool
    eps: float
    momentum: float


@dataclass(frozen=True)
class Stage:
    """`count` blocks with `expand` times the channels inside and `width` channels after each."""

    expand: int
    width: int
    count: int
    stride: int
    kernel: int = 3


_RELU6, _SILU = partial(nn.ReLU6, inplace=True), partial(nn.SiLU, inplace=True)

MOBILENET_V2 = (
    (
        Stage(1, 16, 1, 1),
        Stage(6, 24, 2, 2),
        Stage(6, 32, 3, 2),
        Stage(6, 64, 4, 2),
        Stage(6, 96, 3, 1),
        Stage(6, 160, 3, 2),
        Stage(6, 320, 1, 1),
    ),
    Style(_RELU6, squeeze=False, same=False, eps=1e-5, momentum=0.1),
)
_EFFICIENT = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1),
)
EFFICIENTNET_B0 = (_EFFICIENT, Style(_SILU, squeeze=True, same=True, eps=1e-3, momentum=0.01))
EFFICIENTNET_LITE0 = (_EFFICIENT, Style(_RELU6, squeeze=False, same=True, eps=1e-3, momentum=0.01))


class MobileNet(nn.Sequential):
    """A stem of 32 channels, stages of inverted residuals, 1,280 features, mean pool, linear head.

    MobileNet-V2 (arXiv 1801.04381, table 2), EfficientNet-B0 (arXiv 1905.11946, table 1) and its
    Lite0 without squeeze-and-excitation. There is no dropout and no stochastic depth, because
    their random draws would not come from a derived seed.
    """

    def __init__(self, classes: int, *, stages: Sequence[Stage], style: Style) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, 32, style, kernel=3, stride=2)]
        channels = 32
        for stage in stages:
            for index in range(stage.count):
                stride = 1 if index else stage.stride
                layers.append(InvertedResidual(channels, stage, stride, style))
                channels = stage.width
        layers.append(_convolution(channels, 1280, style))
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(1280, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.out_channels * module.kernel_size[0] ** 2 // module.groups
                nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)


class InvertedResidual(nn.Module):
    """1x1 to `expand` times the channels, depthwise, squeeze-and-excitation, plain 1x1.

    A block that keeps its shape adds its input. The squeeze has a quarter of the input's channels.
    """

    def __init__(self, inputs: int, stage: Stage, stride: int, style: Style) -> None:
        super().__init__()
        wide = inputs * stage.expand
        self.expand = _convolution(inputs, wide, style) if stage.expand > 1 else nn.Identity()
        self.depthwise = _convolution(
            wide, wide, style, kernel=stage.kernel, stride=stride, groups=wide
        )
        self.squeeze = SqueezeExcite(wide, inputs // 4) if style.squeeze else nn.Identity()
        self.project = _convolution(wide, stage.width, style, active=False)
        self.adds = stride == 1 and inputs == stage.width

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Return the block's output."""
        y: Tensor = self.project(self.squeeze(self.depthwise(self.expand(x))))
        return x + y if self.adds else y


class SqueezeExcite(nn.Module):
    """Multiply each channel by a gate computed from all channels' means (arXiv 1709.01507)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        """Return the weighted channels."""
        gate = F.silu(self.reduce(x.mean((2, 3), keepdim=True)))
        weighted: Tensor = x * self.expand(gate).sigmoid()
        return weighted


class SamePadded(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: output sides are ceil(side / stride)."""

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o g v"]:
        """Return the convolution of the padded input."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        pads = []
        for side in (x.shape[3], x.shape[2]):
            total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), self.weight, None, self.stride, 0, 1, self.groups)


def _convolution(
    inputs: int,
    outputs: int,
    style: Style,
    *,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    active: bool = True,
) -> nn.Sequential:
    same = style.same and stride > 1  # at stride 1 both paddings are symmetric
    layer, padding = (SamePadded, 0) if same else (nn.Conv2d, kernel // 2)
    layers: list[nn.Module] = [
        layer(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=style.eps, momentum=style.momentum),
    ]
    return nn.Sequential(*layers, style.activation()) if active else nn.Sequential(*layers)
