"""The training steps of ConvNets and ResNets against the same networks in plain PyTorch.

The peer is written without a thought of speed: ConvNets with `nn.InstanceNorm2d`, ResNets as in
torchvision, contiguous memory, eager. Both have the same weights, batch, optimiser and precision,
and step on one fixed batch. First a check makes sure that their logits agree. ConvNets appear
twice, eager and compiled, each against the eager peer.

    python benchmarks/students.py [--threads 1] [--json FILE]
"""

import torch
import torch.nn.functional as F
from paired import Session, parser
from steps import FixedBatch
from torch import Tensor, nn

from smallset.models import MEAN, MODELS, STD, build_model
from smallset.models.network import Network
from smallset.train.device import can_compile, compiled_twin
from smallset.train.protocol import SMALL_V1

CLASSES = 10


class PlainBlock(nn.Module):
    """A residual block: two 3x3 convolutions.

    A bottleneck has 1x1, 3x3 and 1x1 convolutions, and four times `width` output channels.
    """

    def __init__(self, inputs: int, width: int, stride: int, *, bottleneck: bool) -> None:
        super().__init__()
        outputs = 4 * width if bottleneck else width
        shapes = (
            [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
            if bottleneck
            else [(inputs, width, 3, stride), (width, outputs, 3, 1)]
        )
        layers: list[nn.Module] = []
        for i, o, kernel, step in shapes:
            layers += [
                nn.Conv2d(i, o, kernel, step, kernel // 2, bias=False),
                nn.BatchNorm2d(o),
                nn.ReLU(inplace=True),
            ]
        self.body = nn.Sequential(*layers[:-1])
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.body(x)
        out += identity
        return F.relu(out)


class Normalised(nn.Module):
    """A network that first normalises its pixels with the mean and deviation of ImageNet."""

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.net((x - self.mean) / self.std)
        return logits


def plain_convnet(depth: int, size: int) -> nn.Module:
    layers: list[nn.Module] = []
    for block in range(depth):
        layers += [
            nn.Conv2d(128 if block else 3, 128, 3, padding=1),
            nn.InstanceNorm2d(128, affine=True),
            nn.ReLU(),
            nn.AvgPool2d(2),
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * (size >> depth) ** 2, CLASSES))


def plain_resnet(name: str) -> nn.Module:
    depth = int(name.removeprefix("resnet").partition("-")[0])
    thin = depth in (8, 20)
    wide = not thin and not name.endswith("3x3")
    blocks = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
    counts = ((depth - 2) // 6,) * 3 if thin else blocks[depth]
    channels = 16 if thin else 64
    stem = nn.Conv2d(3, channels, 7 if wide else 3, 2 if wide else 1, 3 if wide else 1, bias=False)
    layers: list[nn.Module] = [stem, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
    if wide:
        layers.append(nn.MaxPool2d(3, 2, 1))
    inputs = channels
    for stage, count in enumerate(counts):
        width = channels << stage
        for index in range(count):
            stride = 2 if stage and not index else 1
            layers.append(PlainBlock(inputs, width, stride, bottleneck=depth == 50))
            inputs = width * (4 if depth == 50 else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES))


def twin(name: str, model: Network, size: int) -> nn.Module:
    """Return the same network in plain PyTorch, with the weights of `model`.

    Raises ValueError if the logits differ.
    """
    depth = name.removeprefix("convnet-d")
    net = plain_resnet(name) if depth == name else plain_convnet(int(depth), size)
    peer = Normalised(net)
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), peer.parameters(), strict=True):
            theirs.copy_(mine)
        pixels = torch.rand((4, 3, size, size), generator=torch.Generator().manual_seed(1))
        apart = float((model.train()(pixels) - peer.train()(pixels)).abs().max())
    if not apart < 1e-2:
        raise ValueError(
            f"the plain {name!r} has logits that differ by {apart:.3g}. Needed the same "
            "network. Write it as smallset.models does."
        )
    return peer


def main() -> None:
    session = Session(parser(__doc__, rounds=5))
    for name, architecture in MODELS.items():
        if not name.startswith(("convnet", "resnet")):
            continue  # this benchmark has no plain form of other networks
        size = 96 if name in ("resnet10", "resnet18", "resnet34", "resnet50") else 32
        worth = architecture.worth_compiling and can_compile(session.desk.device)
        for compiled in (False, True) if worth else (False,):
            case = f"{name}, {size} px{', compiled' if compiled else ''}"
            if session.wants(case):
                measure(case, name, size, compiled, session)
    session.write()


def measure(case: str, name: str, size: int, compiled: bool, session: Session) -> None:
    """Compare the training steps of a student with those of its plain twin."""
    desk = session.desk
    model = build_model(name, classes=CLASSES, size=size, seed=0)
    peer = twin(name, model, size).to(desk.device)
    channels_last = compiled or not model.worth_compiling  # as evaluate() lays it out
    desk.place(model, channels_last=channels_last)
    run = compiled_twin(model) if compiled else model
    # Deep networks have smaller batches, so that a round stays short on one core.
    batch = 16 if name.startswith(("resnet34", "resnet50")) else SMALL_V1.batch
    mine = FixedBatch(
        run,
        SMALL_V1.optimizer_for(model),
        desk,
        batch=batch,
        size=size,
        layout=torch.channels_last if channels_last else torch.contiguous_format,
    )
    theirs = FixedBatch(
        peer,
        SMALL_V1.optimizer_for(peer),
        desk,
        batch=batch,
        size=size,
        layout=torch.contiguous_format,
    )
    case = f"{case}, batch {batch}"
    session.compare(case, lambda: mine.train(1), lambda: theirs.train(1), seconds=0.4)


if __name__ == "__main__":
    main()
