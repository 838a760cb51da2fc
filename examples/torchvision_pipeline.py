"""Train on the files of a PCA set with torchvision: ImageFolder, transforms.v2 and PatchCrop.

    smallset compress DATA SET --method pca --ipc 10
    smallset export SET FOLDER --to imagefolder
    python examples/torchvision_pipeline.py FOLDER

The export holds train/<class>/ and nothing else beside the images, as ImageFolder wants it.
"""

import sys
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.models import resnet18
from torchvision.transforms import v2

from smallset import PatchCrop

EPOCHS, SIZE = 100, 32

# A canvas shows four images: PatchCrop takes a random crop of one of them. All else is as usual.
AUGMENT = v2.Compose(
    [
        PatchCrop(SIZE, factor=2),
        v2.ColorJitter(brightness=0.2),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.5] * 3, [0.25] * 3),
    ]
)

if __name__ == "__main__":
    images = ImageFolder(Path(sys.argv[1]) / "train", transform=AUGMENT)
    net = resnet18(num_classes=len(images.classes))
    steps = torch.optim.AdamW(net.parameters(), 1e-3)
    for epoch in range(EPOCHS):
        losses = []
        for pixels, labels in DataLoader(images, batch_size=50, shuffle=True):
            loss = cross_entropy(net(pixels), labels)
            steps.zero_grad()
            loss.backward()
            steps.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.3f}")
