"""The table of our own networks by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from smallset.lazy import Module

Shortcut = Literal["conv", "a"]


@dataclass(frozen=True)
class Architecture:
    """One entry of the table. `build(classes, size)` returns the network, `line` describes it.

    `worth_compiling` says that inductor makes the network faster: it fuses the norms of ConvNet,
    but ResNets gain nothing. `build_a` builds the network with the shortcuts of option A (see
    `PaddedShortcut`), or is None if the family has no such shortcuts.
    """

    build: Callable[[int, int], Module]
    line: str
    worth_compiling: bool = False
    build_a: Callable[[int, int], Module] | None = None


def _convnet(depth: int) -> Architecture:
    def build(classes: int, size: int) -> Module:
        from smallset.models.convnet import ConvNet

        return ConvNet(classes, size, depth=depth)

    return Architecture(
        build,
        f"{depth} blocks of conv3x3-128, instance norm, ReLU, 2x2 mean pool; from {2**depth} px",
        worth_compiling=True,
    )


def _thin(depth: int) -> Architecture:
    def build(classes: int, _: int, shortcut: Shortcut = "conv") -> Module:
        from smallset.models.resnet import BasicBlock, ResNet

        return ResNet(
            classes,
            block=BasicBlock,
            blocks=((depth - 2) // 6,) * 3,
            widths=(16, 32, 64),
            stem="3x3",
            shortcut=shortcut,
        )

    line = f"ResNet-{depth} of the CIFAR family: three stages of 16, 32, 64 channels"
    return Architecture(build, line, build_a=partial(build, shortcut="a"))


def _resnet(depth: int, blocks: tuple[int, ...], stem: Literal["3x3", "7x7"]) -> Architecture:
    def build(classes: int, _: int) -> Module:
        from smallset.models.resnet import BasicBlock, Bottleneck, ResNet

        return ResNet(
            classes,
            block=Bottleneck if depth >= 50 else BasicBlock,
            blocks=blocks,
            widths=(64, 128, 256, 512),
            stem=stem,
        )

    stems = {"3x3": "3x3 stem for small images", "7x7": "7x7 stem and max-pool"}
    return Architecture(build, f"ResNet-{depth}, {stems[stem]}")


def _mobile(family: str, line: str) -> Architecture:
    def build(classes: int, _: int) -> Module:
        from smallset.models import mobile

        stages, style = getattr(mobile, family)
        return mobile.MobileNet(classes, stages=stages, style=style)

    return Architecture(build, line)


MODELS: dict[str, Architecture] = {
    "convnet-d3": _convnet(3),
    "convnet-d4": _convnet(4),
    "convnet-d5": _convnet(5),
    "resnet8": _thin(8),
    "resnet20": _thin(20),
    "resnet10": _resnet(10, (1, 1, 1, 1), "7x7"),
    "resnet18": _resnet(18, (2, 2, 2, 2), "7x7"),
    "resnet34": _resnet(34, (3, 4, 6, 3), "7x7"),
    "resnet50": _resnet(50, (3, 4, 6, 3), "7x7"),
    "resnet10-3x3": _resnet(10, (1, 1, 1, 1), "3x3"),
    "resnet18-3x3": _resnet(18, (2, 2, 2, 2), "3x3"),
    "resnet34-3x3": _resnet(34, (3, 4, 6, 3), "3x3"),
    "resnet50-3x3": _resnet(50, (3, 4, 6, 3), "3x3"),
    "mobilenet-v2": _mobile("MOBILENET_V2", "MobileNet-V2: inverted residuals, ReLU6"),
    "efficientnet-b0": _mobile(
        "EFFICIENTNET_B0", "EfficientNet-B0: inverted residuals, squeeze-and-excitation, SiLU"
    ),
    "efficientnet-lite0": _mobile(
        "EFFICIENTNET_LITE0", "EfficientNet-Lite0: B0 with ReLU6 and no squeeze-and-excitation"
    ),
}
