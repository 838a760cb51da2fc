"""The one training loop. `fit` trains students, observers and teachers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol as Shape
from typing import runtime_checkable

import numpy as np

from smallset.lazy import F, Module, Tensor, torch
from smallset.records import Progress
from smallset.seeds import derive
from smallset.shapes import Float, Float32, Int64
from smallset.train.device import Machine
from smallset.train.distributed import backward, idle_loss, own_share, share_norms
from smallset.train.processes import is_first
from smallset.train.protocol import Protocol, StudentProtocol
from smallset.train.shown import Shown
from smallset.train.steps import Steps, StudentSeeds


@runtime_checkable
class SoftLabels(Shape):
    """What the loop needs of soft labels: logits for one batch of views.

    A view is identified in two ways. `pixels` are the view itself, rendered and mixed, as the
    student sees it; a teacher that runs during training uses them. `indices` and `epoch` (from 0)
    say which view it is; stored labels are found by them. View i of epoch e depends only on the
    view seed, e and i: its box and flip (`draw_epoch`), and its partner and the partner's box
    (`draw_epoch_mix`, which also depends on the number of views). Order, batch size and processes
    therefore change no label. The exception is a protocol with `mix="batch"`, whose partners depend
    on the batch; stored labels must refuse it when they open.

    `indices` are rows of the set. If an epoch has k views of an image (`View.an_epoch`), view j of
    row i has the index i * k + j. With a pool of epochs (`Shown`), `epoch` is the epoch that the
    views were drawn for.
    """

    def __call__(
        self,
        pixels: Float32[Tensor, "b 3 t t"],
        indices: Int64[np.ndarray, " b"],
        epoch: int,
    ) -> Float32[Tensor, "b c"]:
        """Return logits on the device of `pixels`, with a column for each class of the set."""


@dataclass(frozen=True)
class Fitted:
    """A finished training: steps, views seen, seconds, and the last epoch's mean loss."""

    steps: int
    images: int
    seconds: float
    loss: float


def fit(
    model: Module,
    shown: Shown,
    labels: Int64[np.ndarray, " m"],
    *,
    protocol: Protocol,
    seeds: StudentSeeds,
    machine: Machine,
    run: Module | None = None,
    optimizer: "torch.optim.Optimizer | None" = None,
    epochs: range | None = None,
    soft: SoftLabels | None = None,
    progress: Progress | None = None,
    after_step: Callable[[int, int], None] | None = None,
    after_epoch: Callable[[int], None] | None = None,
) -> Fitted:
    """Train `model` in place. The same seeds and machine give the same weights.

    `run` is the module to call, such as the compiled twin of `model`. `epochs` is a part of the
    protocol's epochs, for a resumed run with its `optimizer`. The first process calls `after_step`
    with each finished (epoch, step) and `after_epoch` with each finished epoch, counted from 0.
    Both may leave the network in eval mode.

    The student learns the logits of `soft` labels as the protocol says.

    Raises ValueError if the protocol has no rules for soft labels, or the processes cannot share
    the network's BatchNorm. Raises FloatingPointError, with epoch and step, if the loss is not
    finite.
    """
    rules = None if soft is None else _soft_rules(protocol)
    target = torch.tensor(labels.repeat(shown.views)).to(machine.device)
    share_norms(model, machine)
    optimizer = protocol.optimizer_for(model) if optimizer is None else optimizer
    run = model if run is None else run
    span = range(protocol.epochs) if epochs is None else epochs
    course = Steps(shown, protocol.batch, rules if shown.mixed else None, seeds)
    count, loss, seconds = 0, float("nan"), 0.0
    seen, whole = span.start * len(shown), protocol.epochs * len(shown)
    for epoch in span:
        started = time.perf_counter()
        model.train()
        for group in optimizer.param_groups:
            group["lr"] = protocol.rate_at(epoch)
        losses = []
        for number, step in enumerate(course.of(epoch)):
            own = own_share(len(step.indices), machine)
            if len(own):
                mine = step.take(own)
                pixels = mine.render(shown, machine)
                with machine.autocast():
                    logits = run(pixels).float()
                hard = target[torch.from_numpy(mine.indices).to(target.device)]
                if soft is not None and rules is not None:
                    told = soft(pixels, mine.indices, mine.epoch)
                    step_loss = soft_loss(logits, told, hard, rules)
                else:
                    step_loss = F.cross_entropy(logits, hard)
            else:
                step_loss = idle_loss(model, shown.images.size, machine)
            optimizer.zero_grad(set_to_none=True)
            losses.append(backward(model, step_loss, len(own) / len(step.indices), machine))
            optimizer.step()
            seen += len(step.indices)
            if progress is not None:
                progress("train", min(seen, whole), whole)
            if after_step is not None and is_first():
                after_step(epoch, number)
                model.train()
        loss = _mean_finite(torch.stack(losses), epoch, protocol)
        count += len(losses)
        seconds += time.perf_counter() - started
        if after_epoch is not None and is_first():
            after_epoch(epoch)
    return Fitted(count, len(span) * len(shown), seconds, loss)


@contextmanager
def random_layers(seed: int, *keys: str | int) -> Iterator[None]:
    """Seed the dropout and stochastic depth of other libraries' networks in the block."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(derive(seed, "random layers", *keys))
        yield


def soft_loss(
    student: Float[Tensor, "b c"],
    teacher: Float[Tensor, "b c"],
    hard: Int64[Tensor, " b"],
    rules: StudentProtocol,
) -> Float[Tensor, ""]:
    """Return a protocol's loss for soft labels: the `divergence`, or the error of the logits.

    The error is the mean square of their difference over images and classes. `hard_weight` times
    the cross-entropy with `hard` is added (G-VBSM, EDC); `hard` are the classes of the images
    before they were mixed.
    """
    if rules.loss == "mse":
        loss = F.mse_loss(student, teacher)
    else:
        loss = divergence(student, teacher, rules.temperature)
    return loss + rules.hard_weight * F.cross_entropy(student, hard) if rules.hard_weight else loss


def divergence(
    student: Float[Tensor, "b c"], teacher: Float[Tensor, "b c"], temperature: float
) -> Float[Tensor, ""]:
    """Return KL(softmax(teacher / T) || softmax(student / T)), the batch mean without factor T^2.

    The loss of soft labels in the evaluator of arXiv 2502.06434 (after CDA); in nats, at least 0.
    """
    return F.kl_div(
        F.log_softmax(student / temperature, 1),
        F.softmax(teacher / temperature, 1),
        reduction="batchmean",
    )


def _soft_rules(protocol: Protocol) -> StudentProtocol:
    if not isinstance(protocol, StudentProtocol):
        raise ValueError(
            f"soft labels were given, but the protocol {protocol.name!r} has no temperature and no "
            "mixing for them. Use a protocol for students, such as 'standard-v1', or hard labels."
        )
    return protocol


def _mean_finite(losses: Tensor, epoch: int, protocol: Protocol) -> float:
    bad = (~losses.isfinite()).nonzero()
    if len(bad):
        step = int(bad[0, 0])
        raise FloatingPointError(
            f"the loss became {float(losses[step])} in epoch {epoch + 1} of {protocol.epochs}, "
            f"step {step + 1} of {len(losses)} (protocol {protocol.name}). "
            "Try --precision float32, or another protocol or student."
        )
    return float(losses.mean())
