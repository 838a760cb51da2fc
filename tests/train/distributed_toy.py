"""Two processes on this machine, as torchrun starts them, and the training that they share."""

import contextlib
import io
import json
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from loop_toy import CLASSES, student, train
from torch import nn

from smallset.train import protocol
from smallset.train.device import machine
from smallset.train.loop import SoftLabels
from smallset.train.processes import joined
from smallset.train.protocol import SMALL_V1, StudentProtocol

# SGD: AdamW makes steps of full size out of the rounding errors of gradients that should be 0.
STUDENTS = replace(SMALL_V1, epochs=2, optimizer="sgd", rate=0.02, momentum=(0.9, 0.0))
SHORT = replace(STUDENTS, batch=8)
RULES: dict[str, StudentProtocol] = {
    "hard": SHORT,
    "hard, an image a batch": replace(SHORT, batch=1, rate=0.002),
    "soft": replace(SHORT, rate=0.4),
    "soft, mixed in batches": replace(SHORT, rate=0.4, mix="batch"),
}


def soft_labels(pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
    """Logits that depend on the pixels, the images and the epoch."""
    own = torch.from_numpy(indices)[:, None] + torch.arange(CLASSES)
    return 20 * pixels.mean((2, 3)) @ torch.eye(3, CLASSES) + (own % 3) + epoch


def trained(
    rules: StudentProtocol,
    soft: SoftLabels | None,
    *,
    model: nn.Module | None = None,
    told: Callable[[int], None] | None = None,
) -> tuple[dict[str, torch.Tensor], float]:
    """Train ConvNet-D3 with all processes; give its weights and the last epoch's loss."""
    here = machine(device="cpu", precision="float32", workers=1)
    model = model or student("convnet-d3")
    fitted = train(model, protocol=rules, machine=here, soft=soft, after_epoch=told)
    return model.state_dict(), fitted.loss


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def two_processes(commands: dict[str, list[str]], folder: Path) -> list[int | None]:
    """Train and then run the commands in two fresh processes; give how these ended."""
    context, ports = multiprocessing.get_context("spawn"), [free_port(), *map(_port, commands)]
    started = [
        context.Process(target=_work, args=(rank, commands, folder, ports)) for rank in range(2)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        process.kill()
    return [process.exitcode for process in started]


def _port(_: str) -> int:
    return free_port()


def _work(rank: int, commands: dict[str, list[str]], folder: Path, ports: list[int]) -> None:
    os.chdir(folder)
    short_students()
    train_together(rank, ports[0])
    for (name, words), port in zip(commands.items(), ports[1:], strict=True):
        as_torchrun(rank, port)
        run_command(rank, name, words)


def as_torchrun(rank: int, port: int) -> None:
    """Set what torchrun sets."""
    here = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    os.environ.update({key: str(value) for key, value in here.items()})
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))


def train_together(rank: int, port: int) -> None:
    """Train under all rules and keep what came of it, by rank."""
    from smallset.train import processes

    as_torchrun(rank, port)
    kept: dict[str, object] = {}
    with joined() as crew:
        for name, rules in RULES.items():
            told: list[int] = []
            soft = soft_labels if name.startswith("soft") else None
            kept[name] = (*trained(rules, soft, told=told.append), told)
        bad = student("convnet-d3")
        with torch.no_grad():
            bad.net.head.bias[1] = float("nan") if rank == 1 else 0.0
        kept["not finite"] = _refusal(lambda: trained(SHORT, None, model=bad))
        kept["norms"] = _refusal(lambda: trained(SHORT, None, model=student("resnet8")))
        kept["alone"] = processes.first_alone(lambda: f"rank {rank}")
        file = Path("made by the first")
        with processes.first_before_others():
            kept["found"] = file.exists()
            file.touch()
        kept["claims"] = crew.claims_failure()
    torch.save(kept, f"{rank}.pt")


def run_command(rank: int, name: str, words: list[str]) -> None:
    """Run a command line; keep what it said and its exit code, by rank."""
    from smallset.cli import main, torchrun

    torchrun.leave = lambda: None
    sys.argv = ["smallset", *words]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    Path(f"{name}-{rank}.json").write_text(json.dumps([code, out.getvalue(), err.getvalue()]))


def short_students() -> None:
    """Train students by SGD for two epochs, so that results differ by rounding alone."""
    protocol.SMALL_V1 = protocol.PROTOCOLS["small-v1"] = STUDENTS


def _refusal(work: Callable[[], object]) -> str:
    try:
        work()
    except (ValueError, FloatingPointError) as error:
        return str(error)
    return "nothing was refused"


if __name__ == "__main__":  # what torchrun starts
    from smallset.cli import main as run

    short_students()
    run()
