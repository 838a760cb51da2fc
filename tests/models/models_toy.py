"""Small networks with weights on disk, and what their own forward pass gives."""

from pathlib import Path

import torch
from torch import Tensor, nn

from smallset.models import MEAN, MODELS, STD
from smallset.models.trained import FORMAT, Trained

ANIMALS = ("ape", "bee", "cow", "dog")
CARD_OF_A_TOY = Trained(
    format=FORMAT,
    model="resnet8",
    classes=("ape", "bee"),
    size=8,
    mean=(0.1, 0.2, 0.3),
    std=(0.4, 0.5, 0.6),
    fit="squash",
    recipe={"name": "teacher-v1", "momentum": [0.9, 0.0]},
    view="canvas",
    epochs=2,
    seed=0,
    source={"given": "toy", "images": 3},
    top1=0.5,
    per_class=(None, 0.5),
    weights_sha256="w",
    weights_bytes=7,
    precision="float32",
    device="cpu",
    threads=1,
    hardware="a processor",
    versions={"torch": "2.13"},
)


def network(name: str = "resnet8", classes: int = 4, seed: int = 0, size: int = 8) -> nn.Module:
    """A bare network whose BatchNorm statistics are not the fresh ones."""
    torch.manual_seed(seed)
    net = MODELS[name].build(classes, size)
    with torch.no_grad():
        net(torch.randn(16, 3, size, size))
    return net.eval()


def saved(path: Path, net: nn.Module) -> Path:
    """Save a network's state dict."""
    torch.save(net.state_dict(), path)
    return path


def logits(net: nn.Module, pixels: Tensor, mean: object = MEAN, std: object = STD) -> Tensor:
    """The network's logits for pixels in 0..1, computed here."""
    low, wide = (torch.tensor(v).view(1, 3, 1, 1) for v in (mean, std))
    with torch.no_grad():
        return net((pixels - low) / wide)
