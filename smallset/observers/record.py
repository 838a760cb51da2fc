"""The seven numbers that an observer's run records of every image at each moment."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.files import replacing
from smallset.lazy import F, Module, Tensor, torch
from smallset.models import Network
from smallset.models.weights import head_name
from smallset.records import Progress
from smallset.shapes import Float32, Float64, Int64, Shaped
from smallset.train.device import Machine
from smallset.train.evaluation import predict
from smallset.train.shown import Images

FIELDS = ("loss", "margin", "el2n", "entropy", "closeness", "doubt", "feature")
RECORD = np.dtype([(name, np.float32) for name in FIELDS])
"""The row of an image (28 bytes), from its logits z, probabilities p and features h.

`loss` is -log p_y in nats. `margin` is z_y - max z_j over the other classes j. `el2n` is
||p - onehot(y)||_2 in 0..sqrt 2 (arXiv 2107.07075, eq. 4). `entropy` is the entropy of p in nats.
`closeness` is 1 - (largest p - second largest p), `doubt` is 1 - largest p, and `feature` is
||h||_2 with h the input of the last linear layer. Numbers from probabilities keep their relative
precision near 0, so that images of which a network is certain do not tie. 1.28 million images over
60 epochs take 2.2 GB.
"""

Records = Shaped[np.ndarray, " n"]
"""An array of `RECORD`, one row for each image."""

BLOCK = 65_536
"""The number of images whose series are in memory at once."""


def record(
    logits: Float32[Tensor, "b c"], features: Float32[Tensor, "b d"], labels: Int64[Tensor, " b"]
) -> Records:
    """Return the `RECORD` of each image of a batch. With a single class, the margin is infinite."""
    z, own = logits.double(), labels[:, None]
    p, top = z.softmax(1), z.argmax(1, keepdim=True)
    against, against_top = _against(z, own), _against(z, top)
    error = p.scatter(1, own, against.sigmoid()[:, None])
    rest, doubt = p.scatter(1, top, 0), against_top.sigmoid()
    others = z.scatter(1, own, -torch.inf).amax(1)
    mine = z.gather(1, own)[:, 0]
    columns = {
        "loss": F.softplus(against),
        "margin": mine - others,
        "el2n": torch.linalg.vector_norm(error, dim=1),
        "entropy": p.amax(1) * F.softplus(against_top) - torch.special.xlogy(rest, rest).sum(1),
        "closeness": doubt + rest.amax(1),
        "doubt": doubt,
        "feature": torch.linalg.vector_norm(features, dim=1),
    }
    rows = np.empty(len(labels), RECORD)
    for name, column in columns.items():
        rows[name] = column.cpu().numpy()
    return rows


def _against(z: Float64[Tensor, "b c"], at: Int64[Tensor, "b 1"]) -> Float64[Tensor, " b"]:
    """Return log((1 - p) / p) of one class of each row, or -inf if there is no other class.

    Its sigmoid is 1 - p and its softplus is -log p. Computed from p near 1, both would round to 0.
    """
    return z.scatter(1, at, -torch.inf).logsumexp(1) - z.gather(1, at)[:, 0]


def look(
    model: Network,
    images: Images,
    *,
    machine: Machine,
    stage: str = "score",
    progress: Progress | None = None,
) -> Iterator[tuple[Int64[np.ndarray, " b"], Float32[Tensor, "b c"], Float32[Tensor, "b d"]]]:
    """Yield (indices, logits, features) of clean images in order, in eval mode.

    Features are the inputs of the network's last linear layer.
    """
    seen: list[Tensor] = []

    def keep(_: Module, given: tuple[Tensor, ...]) -> None:
        seen[:] = [given[0].float().flatten(1)]

    hook = model.net.get_submodule(head_name(model.net)).register_forward_pre_hook(keep)
    try:
        for indices, logits in predict(
            model, images, machine=machine, stage=stage, progress=progress
        ):
            yield indices, logits, seen[0]
    finally:
        hook.remove()


def infer(
    model: Network,
    images: Images,
    labels: Int64[np.ndarray, " n"],
    *,
    machine: Machine,
    progress: Progress | None = None,
) -> Iterator[tuple[int, Records]]:
    """Yield the records of clean images by batch: the position of the first image, and the rows."""
    for indices, logits, features in look(model, images, machine=machine, progress=progress):
        own = torch.from_numpy(labels[indices]).to(logits.device)
        yield int(indices[0]), record(logits, features, own)


def write_rows(path: Path, parts: Iterator[tuple[int, np.ndarray]], n: int) -> None:
    """Write `n` rows as they come, in any order, to a .npy file that appears whole or not at all.

    Each part is the position of its first row and the rows, all of one type and width.
    """
    # Written, not mapped: writing to a full disk raises OSError, a mapped file kills the process.
    head = 0
    with replacing(path) as file:
        for start, rows in parts:
            if not head:
                kind = np.lib.format.dtype_to_descr(rows.dtype)
                np.lib.format.write_array_header_1_0(
                    file, {"descr": kind, "fortran_order": False, "shape": (n, *rows.shape[1:])}
                )
                head = file.tell()
            file.seek(head + start * rows[:1].nbytes)
            file.write(rows.tobytes())


@dataclass(frozen=True)
class Dynamics:
    """The records of one run: `moments[t]` are the records of a moment, mapped from disk.

    Each epoch has `snapshots` moments, the last at its end. Epochs are counted from 1.
    """

    moments: tuple[Records, ...]
    snapshots: int = 1

    @property
    def ends(self) -> tuple[Records, ...]:
        """The records at the end of each epoch."""
        return self.moments[self.snapshots - 1 :: self.snapshots]

    @property
    def epochs(self) -> int:
        """The number of whole epochs."""
        return len(self.ends)

    def at(self, epoch: int) -> Records:
        """Return the records at the end of an epoch."""
        return self.ends[epoch - 1]


def reduced(
    formula: Callable[[Float32[np.ndarray, "t b"]], Shaped[np.ndarray, " b"]],
    moments: Sequence[Records],
    field: str,
) -> Float32[np.ndarray, " n"]:
    """Apply `formula` to every image's values at the moments, a block of images at a time."""
    values = np.empty(len(moments[0]), np.float32)
    for start in range(0, len(values), BLOCK):
        block = slice(start, start + BLOCK)
        values[block] = formula(np.stack([moment[field][block] for moment in moments]))
    return values
