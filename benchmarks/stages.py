"""Seconds of one core at the stages of a large run: the inputs of docs/scale.md.

Two stages decode a JPEG of 500 x 375 pixels (smooth noise, quality 90): to a square of 224 px, as
for the cache, and four times to 112 px, as for a canvas of four images. Two stages encode such a
canvas, as for a set.

`--cold EPOCHS` instead times PCA's set of CIFAR-10 and pack's set of as many bytes, in turn. Each
is made in a new work folder, with an observer of EPOCHS epochs. Target: pack takes at most 1.2
times as long.

    python benchmarks/stages.py [--rounds 5] [--clock cpu] [--cold 2]
"""

import io
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from paired import Session, parser
from PIL import Image
from real_data import cifar10

from smallset import compress
from smallset.data.decode import decode
from smallset.data.fit import view_square
from smallset.store import Codec

SIZE, TIMES = 224, 20
COLD = {"pca": "ipc=10", "pack": "bytes=238kB"}


def main() -> None:
    made = parser(__doc__, rounds=5)
    made.add_argument("--cold", type=int, default=0, help="observer epochs of the sets")
    session = Session(made)
    if session.options.cold:
        compare_cold(session)
        return
    encoded = photograph()
    print(f"one source: {len(encoded):,} bytes")
    squares = [view_square(decode(encoded), SIZE // 2, "squash", whole=True)] * 4
    canvas = np.concatenate([np.concatenate(squares[:2], 1), np.concatenate(squares[2:], 1)])
    stages: dict[str, Callable[[], object]] = {
        "decode to 224 px": lambda: view_square(decode(encoded), SIZE, "squash", whole=True),
        "decode to 112 px, four times": lambda: [
            view_square(decode(encoded), SIZE // 2, "squash", whole=True) for _ in range(4)
        ],
        "encode png": lambda: Codec("png").encode(canvas),
        "encode jpeg:90": lambda: Codec("jpeg", 90).encode(canvas),
    }
    clock = session.clock
    for name, work in stages.items():
        times = []
        for _ in range(session.options.rounds):
            started = clock()
            for _ in range(TIMES):
                work()
            times.append((clock() - started) / TIMES * 1000)
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(f"{name:<30} {statistics.median(times):8.2f} ms  ({spread})", flush=True)


def compare_cold(session: Session) -> None:
    """Print the seconds of each stage of both methods, and pack's share of PCA's by round."""
    for turn in range(session.options.rounds):
        order = list(COLD)[:: -1 if turn % 2 else 1]
        found = {method: cold(method, session) for method in order}
        for method, stages in found.items():
            parts = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in stages.items())
            print(f"{method:<5} {sum(stages.values()):6.1f} s: {parts}", flush=True)
        print(f"ratio {sum(found['pack'].values()) / sum(found['pca'].values()):.3f}", flush=True)


def cold(method: str, session: Session) -> dict[str, float]:
    """Make a set of CIFAR-10 with nothing cached. Return the seconds of each stage."""
    stages: dict[str, float] = defaultdict(float)
    data, last = cifar10(), session.clock()
    if data is None:
        raise SystemExit("CIFAR-10 was not found. Set SMALLSET_DATA to the folder above cifar10/.")

    def told(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = session.clock()
        stages[stage.partition(" ")[0]] += now - last
        last = now

    epochs = session.options.cold
    score = f"el2n(epochs={epochs}, observer=observer(epochs={epochs}))"
    with TemporaryDirectory() as folder:
        compress(
            data,
            Path(folder) / "set",
            method=f"{method}(score={score})",
            budget=COLD[method],
            work=Path(folder) / "work",
            workers=session.options.threads,
            progress=told,
        )
    return stages


def photograph(sides: tuple[int, int] = (500, 375)) -> bytes:
    """Return smooth noise as the bytes of a JPEG file. `sides` are width and height in pixels."""
    coarse = np.random.default_rng(0).integers(0, 256, (47, 63, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(sides, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
