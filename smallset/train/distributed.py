"""Split one batch over several processes: shares, gradients and BatchNorm.

Every process draws the same batch, renders its contiguous share of it, and weights its mean loss by
the size of its share. The gradients summed over the processes are then the gradients of the batch,
up to the order in which floats are added. This is also true of a smaller last batch.
"""

import numpy as np

from smallset.lazy import Module, Tensor, dist, torch
from smallset.shapes import Float, Int64
from smallset.train.device import Machine
from smallset.train.processes import rank


def own_share(images: int, machine: Machine) -> Int64[np.ndarray, " b"]:
    """Return the positions of this process's share in a batch of `images`.

    Shares are contiguous and differ by at most one image. With fewer images than processes, the
    last processes have none.
    """
    positions = np.arange(images)
    if machine.processes == 1:
        return positions
    return np.array_split(positions, machine.processes)[rank()]


def idle_loss(model: Module, size: int, machine: Machine) -> Float[Tensor, ""]:
    """Return the loss of a process without images in a batch: 0, with gradients of 0.

    A network with BatchNorm gets an empty batch, so that it takes part in the shared statistics.
    Other networks get a blank image, since not every network accepts an empty batch.
    """
    blank = torch.zeros(0 if _norms(model) else 1, 3, size, size, device=machine.device)
    with machine.autocast():
        loss: Tensor = model(blank).float().sum() * 0
    return loss


def backward(
    model: Module, loss: Float[Tensor, ""], part: float, machine: Machine
) -> Float[Tensor, ""]:
    """Put the gradients of the whole batch into the network, and return the batch's loss.

    `loss` is the mean over this process's share, which is `part` (0..1) of the batch.

    All gradients are summed by one all-reduce of one flat tensor. DistributedDataParallel does not
    fit: it averages, and every process must run its wrapper's forward pass at every step, which a
    compiled network or a process without images does not. The cost is that the all-reduce does not
    overlap with the backward pass.
    """
    if machine.processes == 1:
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()
    loss = loss * part
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([*(g.flatten() for g in gradients), loss.detach().view(1)])
    dist.all_reduce(flat)
    pieces = torch.split(flat[:-1], [g.numel() for g in gradients])
    for gradient, piece in zip(gradients, pieces, strict=True):
        gradient.copy_(piece.view(gradient.shape))
    return flat[-1]


def share_norms(model: Module, machine: Machine) -> None:
    """Make BatchNorm layers normalise by the whole batch, in place, if there are several processes.

    Raises ValueError on CPUs and for other libraries' kinds of BatchNorm, which cannot do this.
    """
    norms = _norms(model) if machine.processes > 1 else []
    if not norms:
        return
    ways_out = (
        "Run it in one process, without torchrun, or take a network without BatchNorm, "
        "such as convnet-d3."
    )
    if machine.kind == "cpu":
        raise ValueError(
            f"the network has {len(norms)} BatchNorm layers, and torchrun started "
            f"{machine.processes} processes on CPUs, where each would normalise by the statistics "
            "of its own share of a batch: another result than one process gives. Needed GPUs, "
            f"which share the statistics. {ways_out}"
        )
    plain = (
        torch.nn.BatchNorm1d,
        torch.nn.BatchNorm2d,
        torch.nn.BatchNorm3d,
        torch.nn.SyncBatchNorm,
    )
    other = next((type(norm).__name__ for norm in norms if type(norm) not in plain), None)
    if other is not None:
        raise ValueError(
            f"the network has layers of the kind {other!r}, whose statistics "
            f"{machine.processes} processes cannot share. Needed torch's own BatchNorm. {ways_out}"
        )
    torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]


def _norms(model: Module) -> list[Module]:
    kind = torch.nn.modules.batchnorm._BatchNorm
    return [layer for layer in model.modules() if isinstance(layer, kind)]
