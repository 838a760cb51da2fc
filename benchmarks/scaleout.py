"""Two workers against one: inference images/s over shards, in processes here and on Ray.

The shards are as large as those of scoring: 8,192 images for ResNet-8 at 32 px, of random pixels in
a mapped file. Each worker has one thread. One worker and two workers take turns. Every worker looks
at a few images before the clock starts, so that its start is not counted. Ray's cluster is two CPUs
of this machine. With one worker, a task asks for both CPUs. Efficiency is the ratio over 2. On a
machine shared with other jobs, `--clock cpu` counts the CPU seconds of the workers, and only what
the workers take from each other lowers the ratio. Target: at least 0.90 on two idle cores.

    python benchmarks/scaleout.py [--shards 8] [--rounds 3] [--only ray] [--json FILE]
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from paired import Session, pair_of, parser
from shard_clock import looked

from smallset.models import build_model
from smallset.observers.shards import Shard, shard_length
from smallset.parallel import Here, Task, Workers
from smallset.parallel.ray import Ray
from smallset.train.device import Machine

SIZE, CLASSES, WARM = 32, 10, 512


def main() -> None:
    made = parser(__doc__, rounds=3)
    made.add_argument("--shards", type=int, default=8, help="default 8")
    session = Session(made)
    with tempfile.TemporaryDirectory() as folder:
        shards = lay_out(Path(folder), session.desk, session.options.shards)
        if session.wants("processes"):
            compare_counts("processes, 2 against 1", session, shards, Here(2), Here(1), 1)
        if session.wants("ray"):
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # no token file in the home folder
            import ray

            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=40)
            cluster = Ray()
            compare_counts("ray, 2 against 1", session, shards, cluster, cluster, 2)
            ray.shutdown()
    session.write()


def lay_out(folder: Path, desk: Machine, count: int) -> list[Shard]:
    """Write pixels and weights. Return `count` shards that read them."""
    length = shard_length(SIZE)
    draw = np.random.default_rng(0)
    pixels = folder / "pixels.uint8"
    draw.integers(0, 256, (count * length, SIZE, SIZE, 3), dtype=np.uint8).tofile(pixels)
    weights = folder / "weights.pt"
    torch.save(build_model("resnet8", classes=CLASSES, size=SIZE, seed=0).state_dict(), weights)
    labels = np.arange(length) % CLASSES
    names = tuple(map(str, range(CLASSES)))
    return [
        Shard(start, labels, pixels, SIZE, names, "resnet8", weights, desk)
        for start in range(0, count * length, length)
    ]


def compare_counts(
    case: str, session: Session, shards: list[Shard], two: Workers, one: Workers, cpus: int
) -> None:
    """Let two workers and one worker take turns, and print the pair.

    `cpus` is the number of CPUs that a task asks for if there is only one worker.
    """
    rates: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(session.options.rounds):
        for count in (1, 2) if turn % 2 else (2, 1):
            workers, needed = (one, cpus) if count == 1 else (two, 1)
            rates[count].append(rate(shards, workers, count, needed, session.options.clock))
    pair = pair_of(case, rates[2], rates[1])
    print(f"{pair.line()}   efficiency {pair.ratio / 2:.2f}", flush=True)
    session.rows.append(pair)


def rate(shards: list[Shard], workers: Workers, count: int, cpus: int, clock: str) -> float:
    """Return the images/s of `count` workers after all of them have started.

    With the cpu clock, this is their speed if no worker had to wait for a core.
    """
    first = replace(shards[0], labels=shards[0].labels[:WARM])
    warm = tuple(f"warm {number}" for number in range(count))
    tasks = [Task(key, looked, (first,), cpus=cpus) for key in warm]
    tasks += [Task(f"{s.start}", looked, (s,), needs=warm, cpus=cpus) for s in shards]
    started, seconds = 0.0, 0.0
    for number, done in enumerate(workers.run(tasks), 1):
        assert isinstance(done.value, float)
        seconds += done.value if number > count else 0.0
        if number == count:
            started = time.perf_counter()
    passed = time.perf_counter() - started if clock == "wall" else seconds / count
    return sum(len(shard.labels) for shard in shards) / passed


if __name__ == "__main__":
    main()
