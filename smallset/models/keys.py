"""Translate the key names in weights of other code bases to the names in our networks."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from smallset.models.mobile import InvertedResidual, MobileNet
from smallset.models.resnet import ResNet

# The parts of one block in lukemelas' EfficientNet-PyTorch and in its Lite port.
_EFFICIENT_BLOCK = {
    "_expand_conv": "expand.0",
    "_bn0": "expand.1",
    "_depthwise_conv": "depthwise.0",
    "_bn1": "depthwise.1",
    "_se_reduce": "squeeze.reduce",
    "_se_expand": "squeeze.expand",
    "_project_conv": "project.0",
    "_bn2": "project.1",
}


def translate(weights: Mapping[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """Rename the keys of known foreign weights to the names in `net`. Other keys do not change.

    Known are the ResNets of torchvision and timm, akamaster's ResNets of the CIFAR family, and
    lukemelas' EfficientNet with its Lite port. Different keys stay different.
    """
    if isinstance(net, ResNet):
        return {_resnet_key(key, net): value for key, value in weights.items()}
    if isinstance(net, MobileNet):
        blocks = sum(isinstance(m, InvertedResidual) for m in net.body)
        return {_efficient_key(key, blocks): value for key, value in weights.items()}
    return dict(weights)


def _resnet_key(key: str, net: ResNet) -> str:
    """`layer2.0.downsample.0.weight` -> `body.5.shortcut.0.weight`, and so on."""
    place, _, rest = key.partition(".")
    fixed = {"conv1": "body.0", "bn1": "body.1", "fc": "head", "linear": "head"}
    if place in fixed:
        return f"{fixed[place]}.{rest}"
    match = re.fullmatch(r"layer(\d+)\.(\d+)\.(.+)", key)
    if match is None:
        return key
    stage, index = int(match[1]) - 1, int(match[2])
    if not (0 <= stage < len(net.blocks) and index < net.blocks[stage]):
        return key  # of a deeper network; renamed, it could replace a layer of a later stage
    at = net.first_block + sum(net.blocks[:stage]) + index
    return f"body.{at}.{re.sub('^downsample', 'shortcut', match[3])}"


def _efficient_key(key: str, blocks: int) -> str:
    """`_blocks.3._bn1.weight` -> `body.4.depthwise.1.weight`, and so on."""
    place, _, rest = key.partition(".")
    last = blocks + 1
    fixed = {
        "_conv_stem": "body.0.0",
        "_bn0": "body.0.1",
        "_conv_head": f"body.{last}.0",
        "_bn1": f"body.{last}.1",
        "_fc": "head",
    }
    if place in fixed:
        return f"{fixed[place]}.{rest}"
    match = re.fullmatch(r"_blocks\.(\d+)\.(_\w+)\.(.+)", key)
    if match is None or int(match[1]) >= blocks or match[2] not in _EFFICIENT_BLOCK:
        return key
    return f"body.{int(match[1]) + 1}.{_EFFICIENT_BLOCK[match[2]]}.{match[3]}"
