"""Compress a folder of images, and train a network on the set with plain PyTorch.

    python examples/your_own_folder.py DATA OUT

DATA holds train/<class>/ and test/<class>/. OUT is the new folder of the set.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

import smallset

METHOD, IPC = "pca", 10
EPOCHS = 100


def network(classes: int) -> nn.Module:
    """Return a small convolutional network for images of any size."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))


def train(made: smallset.CompressedDataset) -> nn.Module:
    """Train on the set, which gives a new random crop of each image in each epoch."""
    net = network(len(made.manifest.classes))
    steps = torch.optim.AdamW(net.parameters(), 1e-3)
    for _ in range(EPOCHS):
        for images, labels in DataLoader(made, batch_size=50, shuffle=True):
            steps.zero_grad()
            cross_entropy(net(images), labels).backward()
            steps.step()
    return net.eval()


def accuracy(net: nn.Module, test: Path, made: smallset.CompressedDataset) -> float:
    """Return the share of the test images that the network names correctly."""
    size, right = made.manifest.size, []
    for index, name in enumerate(made.manifest.classes):
        for file in sorted((test / name).iterdir()):
            image = Image.open(file).convert("RGB").resize((size, size))
            pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255
            with torch.no_grad():
                right.append(int(net(pixels).argmax()) == index)
    return sum(right) / len(right)


if __name__ == "__main__":
    data, out = sys.argv[1:]
    small = smallset.compress(data, out, method=METHOD, ipc=IPC)
    share = accuracy(train(small), Path(data) / "test", small)
    print(f"{len(small)} canvases, {small.manifest.image_bytes:,} bytes: {100 * share:.1f} % right")
