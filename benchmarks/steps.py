"""The peer of loops: the same model, which only steps on one fixed batch."""

import torch
import torch.nn.functional as F
from torch import nn

from smallset.train.device import Machine


class FixedBatch:
    """Training steps, or inference, on one batch of random pixels in memory."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        desk: Machine,
        *,
        batch: int,
        size: int,
        classes: int = 10,
        layout: torch.memory_format = torch.channels_last,
    ) -> None:
        draw = torch.Generator().manual_seed(0)
        pixels = torch.rand((batch, 3, size, size), generator=draw)
        self.pixels = pixels.to(desk.device).to(memory_format=layout)
        self.target = torch.randint(classes, (batch,), generator=draw).to(desk.device)
        self.model, self.optimizer, self.desk = model, optimizer, desk

    def train(self, steps: int) -> int:
        """Take `steps` training steps. Return the number of images they went through."""
        self.model.train()
        for _ in range(steps):
            with self.desk.autocast():
                logits = self.model(self.pixels)
            loss = F.cross_entropy(logits.float(), self.target)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
        return steps * len(self.pixels)

    def infer(self, batches: int) -> int:
        """Compute the logits of the batch `batches` times. Return the number of images."""
        self.model.eval()
        with torch.inference_mode():
            for _ in range(batches):
                with self.desk.autocast():
                    self.model(self.pixels)
        return batches * len(self.pixels)
