"""What an observer's run records of every image at a moment: seven numbers, on disk."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped

from smallset.files import replacing
from smallset.lazy import F, Module, Tensor, torch
from smallset.models.weights import head_name
from smallset.records import Progress
from smallset.train.device import Machine
from smallset.train.evaluation import predict
from smallset.train.loop import Images

if TYPE_CHECKING:
    from smallset.models.network import Network

FIELDS = ("loss", "margin", "el2n", "entropy", "closeness", "doubt", "feature")
RECORD = np.dtype([(name, np.float32) for name in FIELDS])
"""The row of an image, 28 bytes, of its logits z, probabilities p and features h.

`loss` is -log p_y in nats, `margin` z_y - max z_j over the other classes j, `el2n`
||p - onehot(y)||_2 in 0..sqrt 2 (arXiv 2107.07075, eq. 4), `entropy` that of p in nats,
`closeness` one less the difference of the largest p and the second, `doubt` one less the largest p,
and `feature` ||h||_2 of what the last linear layer reads. Those of probabilities keep their
relative precision near 0, so that images which a network is certain of do not tie. 1.28 million
images over 60 epochs take 2.2 GB.
"""

Records = Shaped[np.ndarray, " n"]
"""An array of `RECORD`, one row an image."""

BLOCK = 65_536
"""Images whose series are in memory at once."""


def record(
    logits: Float32[Tensor, "b c"], features: Float32[Tensor, "b d"], labels: Int64[Tensor, " b"]
) -> Records:
    """Give the rows of a batch. Of a single class, the margin is infinite: nothing competes."""
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
    """Give log((1 - p) / p) of one class of each row; -inf where there is no other.

    1 - p is its sigmoid, -log p its softplus: of numbers near 1 both would be rounded to 0.
    """
    return z.scatter(1, at, -torch.inf).logsumexp(1) - z.gather(1, at)[:, 0]


def look(
    model: "Network",
    images: Images,
    *,
    machine: Machine,
    stage: str = "score",
    progress: Progress | None = None,
) -> Iterator[tuple[Int64[np.ndarray, " b"], Float32[Tensor, "b c"], Float32[Tensor, "b d"]]]:
    """Give (indices, logits, features) of clean images in order; eval mode.

    Features are what the network's last linear layer reads.
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
    model: "Network",
    images: Images,
    labels: Int64[np.ndarray, " n"],
    *,
    machine: Machine,
    progress: Progress | None = None,
) -> Iterator[tuple[int, Records]]:
    """Give each clean image's record under a network: (position, rows from there on) by batch."""
    for indices, logits, features in look(model, images, machine=machine, progress=progress):
        own = torch.from_numpy(labels[indices]).to(logits.device)
        yield int(indices[0]), record(logits, features, own)


def write_rows(path: Path, parts: Iterator[tuple[int, np.ndarray]], n: int) -> None:
    """Write `n` rows as they come, in any order, to a .npy file that appears whole or not at all.

    Each part is the position of its first row and the rows, all of one type and width.
    """
    # Written, not mapped: a full disk is an OSError here, and kills the process there.
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
    """What one run recorded: `moments[t]` are the records of a moment, mapped from disk.

    There are `snapshots` moments an epoch, the last at its end; epochs are counted from 1.
    """

    moments: tuple[Records, ...]
    snapshots: int = 1

    @property
    def epochs(self) -> int:
        """Whole epochs."""
        return len(self.moments) // self.snapshots

    def __len__(self) -> int:
        """Count the images."""
        return len(self.moments[0])

    def at(self, epoch: int) -> Records:
        """Give the records at the end of an epoch."""
        return self.moments[epoch * self.snapshots - 1]

    def reduced(
        self,
        formula: Callable[[Float32[np.ndarray, "t b"]], Shaped[np.ndarray, " b"]],
        field: str,
        *,
        epochs: Sequence[int] | None = None,
    ) -> Float32[np.ndarray, " n"]:
        """Give `formula` of every image's values over epochs (None: all), a block at a time."""
        read = [self.at(e) for e in (range(1, self.epochs + 1) if epochs is None else epochs)]
        return reduced(formula, read, field)


def reduced(
    formula: Callable[[Float32[np.ndarray, "t b"]], Shaped[np.ndarray, " b"]],
    moments: Sequence[Records],
    field: str,
) -> Float32[np.ndarray, " n"]:
    """Give `formula` of every image's values at the moments; memory holds a block of images."""
    values = np.empty(len(moments[0]), np.float32)
    for start in range(0, len(values), BLOCK):
        block = slice(start, start + BLOCK)
        values[block] = formula(np.stack([moment[field][block] for moment in moments]))
    return values
