"""Training by two gloo processes against one process, in images/s, with a thread each.

Both ways train ConvNet-D3 (eager) at 32 px, batch 50, through `fit`. They take turns in one run.
While the first process works alone, the second one waits. In wall time, efficiency is half the
ratio of the speeds, which needs two idle cores. In CPU seconds, efficiency is what one process
alone spends on an epoch over what both spend together. Other jobs disturb this number less, and it
does not contain waiting for each other.

    python benchmarks/distributed.py --rounds 5
"""

import argparse
import multiprocessing
import os
import socket
import time
from dataclasses import replace

import numpy as np
import torch
import torch.distributed as dist

from smallset.models import build_model
from smallset.train.device import Machine, hardware
from smallset.train.loop import fit
from smallset.train.processes import first_alone, joined
from smallset.train.protocol import SMALL_V1
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import Canvas

_IMAGES, _SIZE, _CLASSES = 200, 32, 10


def epoch(processes: int, precision: str) -> tuple[float, float]:
    """Train two epochs of 200 images. Return the wall and CPU seconds of the second epoch.

    The CPU seconds are those of this process.
    """
    here = Machine("cpu", precision, 1, processes)  # type: ignore[arg-type]
    model = build_model("convnet-d3", classes=_CLASSES, size=_SIZE, seed=0)
    here.place(model, channels_last=False)
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (_IMAGES, 3, _SIZE, _SIZE), dtype=np.uint8)
    shown = Shown.whole(InMemory(torch.from_numpy(pixels)), Canvas())
    labels, short = np.arange(_IMAGES) % _CLASSES, replace(SMALL_V1, epochs=2)
    optimizer = short.optimizer_for(model)
    for number in range(2):
        began = time.process_time()
        fitted = fit(
            model, shown, labels, protocol=short, seeds=StudentSeeds(0, 0), machine=here,
            optimizer=optimizer, epochs=range(number, number + 1),
        )  # fmt: skip
    return fitted.seconds, time.process_time() - began


def work(rank: int, port: int, rounds: int, precision: str) -> None:
    """Train in one and in two processes in turn. The process of rank 0 prints the report."""
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1")
    os.environ.update(LOCAL_RANK=str(rank), MASTER_PORT=str(port))
    torch.set_num_threads(1)
    ones, twos = [], []
    with joined():
        for _ in range(rounds):
            ones.append(first_alone(lambda: epoch(1, precision)))
            wall, cpu = epoch(2, precision)
            both = torch.tensor([cpu], dtype=torch.float64)
            dist.all_reduce(both)
            twos.append((wall, both.item()))
    if rank == 0:
        report(np.array(ones), np.array(twos), precision)


def report(ones: np.ndarray, twos: np.ndarray, precision: str) -> None:
    """Print ratio and efficiency of one process and of two.

    Both arrays are (rounds, 2): wall and CPU seconds. The CPU seconds of two are their sum.
    """
    speed = _IMAGES / np.median([ones[:, 0], twos[:, 0]], axis=1)
    ratio, cpu = (ones / twos).T
    print(
        f"one process {speed[0]:,.0f} images/s, two {speed[1]:,.0f}: ratio {np.median(ratio):.2f} "
        f"({ratio.min():.2f} to {ratio.max():.2f}, {len(ones)} rounds), efficiency "
        f"{np.median(ratio) / 2:.2f}; in CPU seconds {np.median(cpu):.2f} "
        f"({cpu.min():.2f} to {cpu.max():.2f})"
    )
    print(
        f"{hardware('cpu')}, load {os.getloadavg()[0]:.1f} with this run's own; "
        f"{precision}, 1 thread a process; torch {torch.__version__}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    given = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    context = multiprocessing.get_context("spawn")
    each = [
        context.Process(target=work, args=(rank, port, given.rounds, given.precision))
        for rank in range(2)
    ]
    for process in each:
        process.start()
    for process in each:
        process.join()


if __name__ == "__main__":
    main()
