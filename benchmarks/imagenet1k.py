"""One epoch of the shipped matrix `imagenet1k-paper`, on generated images of 1,000 classes.

The class folders are named like WordNet ids. Each has 18 training and 2 validation JPEGs, none of
them square. The matrix is the shipped one, but students train for one epoch instead of 300, and
the observer for one instead of 10. There are only hard labels, one replicate and ipc 1, as 18
images of a class are too few for the shipped ipc. The run shows that every step works at 1,000
classes, and how long each unit takes. The accuracies mean nothing.

    python benchmarks/imagenet1k.py FOLDER [--jobs 2]     (resumable; FOLDER takes 3.4 GB)
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from PIL import Image

from smallset.bench.matrix import matrix_text
from smallset.bench.run import Finished, Request, run_bench
from smallset.train.device import hardware, machine

CLASSES, TRAIN, VAL = 1_000, 18, 2


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    draw_tree(given.folder / "data" / "imagenet-1k")
    matrix = given.folder / "matrix.toml"
    matrix.write_text(one_epoch(matrix_text("imagenet1k-paper")), encoding="utf-8")
    desk = machine(workers=1)
    print(f"{hardware(desk.kind)}, {desk.precision}, {given.jobs} processes of one thread")
    request = Request(
        matrix,
        given.folder / "runs",
        (str(given.folder / "data"),),
        only="hard labels",
        work=given.folder / "work",
    )
    started = time.perf_counter()

    def told(done: Finished) -> None:
        seconds = time.perf_counter() - started
        print(f"{seconds:7.0f} s  {done.number}/{done.total}  {done.unit.key}", flush=True)

    run_bench(request, jobs=given.jobs, told=told)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"largest process: {peak:.2f} GiB resident, mapped pixels included")
    for name in ("data", "work/pixels", "work/observers", "runs"):
        files = (given.folder / name).rglob("*")
        taken = sum(file.stat().st_size for file in files if file.is_file())
        print(f"on disk: {name} {taken / 1e9:.2f} GB")


def draw_tree(root: Path) -> None:
    """Write the class folders if they are missing. The colours of an image depend on its class."""
    if (root / "val").exists():
        return
    for split, count in (("train", TRAIN), ("val", VAL)):
        for c in range(CLASSES):
            folder = root / split / f"n{c:08d}"
            folder.mkdir(parents=True, exist_ok=True)
            draw = np.random.default_rng((c, count))
            colours = np.random.default_rng(c).integers(0, 256, (4, 4, 3))
            for i in range(count):
                patches = np.clip(colours + draw.normal(0, 40, (4, 4, 3)), 0, 255)
                width, height = 200 + int(draw.integers(0, 300)), 150 + int(draw.integers(0, 40))
                image = Image.fromarray(patches.astype(np.uint8))
                image.resize((width, height), Image.Resampling.BICUBIC).save(
                    folder / f"{i:02d}.JPEG", quality=90
                )


def one_epoch(text: str) -> str:
    """Return the shipped matrix cut down. Raises ValueError if it lacks a text to replace."""
    cuts = {
        '"el2n(observer=observer(model=resnet18))"': (
            '"el2n(epochs=1, observer=observer(model=resnet18, epochs=1))"'
        ),
        "score=el2n(observer=observer(model=resnet18))": (
            "score=el2n(epochs=1, observer=observer(model=resnet18, epochs=1))"
        ),
        'protocols = ["rethinkdc-v1"]': 'protocols = ["rethinkdc-v1(epochs=1)"]',
        "ipc = [10, 50, 100]": "ipc = [1]",
        "replicates = 3": "replicates = 1",
    }
    for old, new in cuts.items():
        if old not in text:
            raise ValueError(f"imagenet1k-paper no longer holds {old!r}. Correct the list of cuts.")
        text = text.replace(old, new)
    return text


if __name__ == "__main__":
    main()
