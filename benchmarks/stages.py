"""Seconds of one core at the stages of a large run: the inputs of docs/scale.md.

Decoding a JPEG of 500 x 375 pixels (smooth noise, quality 90) to a square of 224, as the cache is
made; drawing a canvas of four such images and encoding it, as a set is made.

    python benchmarks/stages.py [--rounds 5] [--clock cpu]
"""

import io
import statistics
from collections.abc import Callable

import numpy as np
from paired import CLOCKS, parser, settle
from PIL import Image

from smallset.data.decode import decode
from smallset.data.fit import view_square
from smallset.store import Codec

SIZE, TIMES = 224, 20


def main() -> None:
    options = parser(__doc__, rounds=5).parse_args()
    settle(options)
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
    clock = CLOCKS[options.clock]
    for name, work in stages.items():
        times = []
        for _ in range(options.rounds):
            started = clock()
            for _ in range(TIMES):
                work()
            times.append((clock() - started) / TIMES * 1000)
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(f"{name:<30} {statistics.median(times):8.2f} ms  ({spread})", flush=True)


def photograph(sides: tuple[int, int] = (500, 375)) -> bytes:
    """Return smooth noise as JPEG, by default of a photograph's size."""
    coarse = np.random.default_rng(0).integers(0, 256, (47, 63, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(sides, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
