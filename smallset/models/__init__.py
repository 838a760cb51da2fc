"""Students, observers and teachers by name."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from smallset.models.adapters import adapt
from smallset.models.convnet import ConvNet
from smallset.models.resnet import BasicBlock, Bottleneck, ResNet
from smallset.spec import nearest

MODELS_VERSION = "models-1"
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Architecture:
    """One line of the table: what builds the network for (classes, size), and what it is.

    `worth_compiling`: inductor makes it faster (it fuses ConvNet's norms; ResNets gain nothing).
    """

    build: Callable[[int, int], nn.Module]
    line: str
    worth_compiling: bool = False


def _convnet(depth: int) -> Architecture:
    return Architecture(
        lambda classes, size: ConvNet(classes, size, depth=depth),
        f"{depth} blocks of conv3x3-128, instance norm, ReLU, 2x2 mean pool; from {2**depth} px",
        worth_compiling=True,
    )


def _thin(depth: int) -> Architecture:
    return Architecture(
        lambda classes, _: ResNet(
            classes,
            block=BasicBlock,
            blocks=((depth - 2) // 6,) * 3,
            widths=(16, 32, 64),
            stem="3x3",
        ),
        f"ResNet-{depth} of the CIFAR family: three stages of 16, 32, 64 channels",
    )


def _resnet(
    depth: int,
    blocks: tuple[int, ...],
    stem: str,
    block: type[BasicBlock] | type[Bottleneck] = BasicBlock,
) -> Architecture:
    return Architecture(
        lambda classes, _: ResNet(
            classes,
            block=block,
            blocks=blocks,
            widths=(64, 128, 256, 512),
            stem="3x3" if stem == "3x3" else "7x7",
        ),
        f"ResNet-{depth}, "
        + ("3x3 stem for small images" if stem == "3x3" else "7x7 stem and max-pool"),
    )


MODELS: dict[str, Architecture] = {
    "convnet-d3": _convnet(3),
    "convnet-d4": _convnet(4),
    "convnet-d5": _convnet(5),
    "resnet8": _thin(8),
    "resnet20": _thin(20),
    "resnet10": _resnet(10, (1, 1, 1, 1), "7x7"),
    "resnet18": _resnet(18, (2, 2, 2, 2), "7x7"),
    "resnet34": _resnet(34, (3, 4, 6, 3), "7x7"),
    "resnet50": _resnet(50, (3, 4, 6, 3), "7x7", Bottleneck),
    "resnet10-3x3": _resnet(10, (1, 1, 1, 1), "3x3"),
    "resnet18-3x3": _resnet(18, (2, 2, 2, 2), "3x3"),
    "resnet34-3x3": _resnet(34, (3, 4, 6, 3), "3x3"),
    "resnet50-3x3": _resnet(50, (3, 4, 6, 3), "3x3", Bottleneck),
}


class Network(nn.Module):
    """A classifier on pixels in 0..1, which it normalises with ImageNet's mean and deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, *, worth_compiling: bool) -> None:
        super().__init__()
        self.net = net
        self.worth_compiling = worth_compiling
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c"]:
        """Give logits for RGB pixels in 0..1."""
        logits: Tensor = self.net((pixels - self.mean) / self.std)
        return logits


def check_model(name: str) -> None:
    """Raise ValueError, with the nearest name and the list, unless `name` can be a network."""
    if name not in MODELS and ":" not in name:
        raise ValueError(
            f"there is no model {name!r}. {nearest(name, MODELS)} "
            "Or timm:NAME, torchvision:NAME, from those libraries."
        )


def worth_compiling(name: str) -> bool:
    """Whether inductor makes this network faster."""
    return name in MODELS and MODELS[name].worth_compiling


def build_model(name: str, *, classes: int, size: int, seed: int) -> Network:
    """Build a network by name with fresh weights: same seed, same weights.

    `size` is the side of the square images in pixels. The global random state is left as it was.
    """
    check_model(name)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs too
        if name in MODELS:
            net = MODELS[name].build(classes, size)
            return Network(net, worth_compiling=worth_compiling(name))
        library, _, rest = name.partition(":")
        return Network(adapt(library, rest, classes), worth_compiling=False)
