"""Online soft labels: the teacher looks at every view that the student sees."""

import numpy as np
from jaxtyping import Float32, Int64

from smallset.lazy import Tensor, torch
from smallset.models import Teacher
from smallset.train.device import Machine


class OnlineLabels:
    """A teacher at work on a machine: `SoftLabels` that read the pixels."""

    def __init__(self, teacher: Teacher, machine: Machine) -> None:
        self._network, self._machine = machine.place(teacher.network).eval(), machine

    def __call__(
        self,
        pixels: Float32[Tensor, "b 3 t t"],
        indices: Int64[np.ndarray, " b"],
        epoch: int,
    ) -> Float32[Tensor, "b c"]:
        """Give the teacher's logits for the mixed views themselves; which they are is no matter."""
        del indices, epoch
        with torch.inference_mode(), self._machine.autocast():
            logits: Tensor = self._network(pixels)
        return logits.float()
