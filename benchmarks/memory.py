"""How peak anonymous memory grows with the number of images: the same images once and ten times.

Each run is a process of its own. It opens the data, decodes each image once into the cache, infers
with an observer, writes the records to disk, computes EL2N from the records and draws an epoch's
batch order. A thread watches RssAnon in /proc/self/status meanwhile. Mapped pages of the cache are
not anonymous. Target: at most about 100 bytes an image.

MALLOC_MMAP_THRESHOLD_ makes the C library's malloc return the memory of every freed tensor at once.
Without it, this malloc or Arrow's may keep tens of MiB by chance, and hide the growth.

The source is a parquet file of CIFAR-10 if this machine has it: the 10,000 images of the test
split, or with `--split train` the 50,000 training images. Else the source is 2,000 PNG files in
class folders. Links make the images ten times as many. Linux only.

    python benchmarks/memory.py [--threads 1] [--split test] [--json FILE]
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from paired import Session, parser
from peak import Peak, Watch
from PIL import Image
from real_data import cifar10

from smallset.data import open_data, pixel_cache
from smallset.models import build_model
from smallset.observers.record import infer, reduced, write_rows
from smallset.train.steps import batches

SIZE, TIMES, FILES = 32, 10, 2000


def main() -> None:
    made = parser(__doc__, rounds=1)
    made.add_argument("--split", choices=("test", "train"), default="test")
    made.add_argument("--passes", type=int, default=1, help="inference passes of --inside")
    made.add_argument("--inside", type=Path, help="measure this folder in this process")
    session = Session(made)
    if session.options.inside is not None:
        print(json.dumps(watched(session)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, TIMES):
            data = Path(folder) / f"times-{times}"
            data.mkdir()
            name = lay_out(data, times, session.options.split)
            rows.append(apart(name, data, TIMES // times, session))
            stages = ", ".join(f"{k} {v / 2**20:.1f} MiB" for k, v in rows[-1].peaks.items())
            print(f"{name}, {rows[-1].images:,} images: {stages}", flush=True)
    once, repeated = rows
    for stage, peak in repeated.peaks.items():
        growth = (peak - once.peaks[stage]) / (repeated.images - once.images)
        print(f"{stage:<12} {growth:8.1f} bytes an image")
    session.rows += rows
    session.write()


def lay_out(data: Path, times: int, split: str) -> str:
    """Make a data set that has the same images `times` times, by links. Return its name."""
    source = cifar10()
    if source is None:
        return png_files(data, times)
    (file,) = source.glob(f"{split}-*.parquet")
    (test,) = source.glob("test-*.parquet")
    for index in range(times):
        (data / f"train-{index:05d}-of-{times:05d}.parquet").symlink_to(file)
    (data / "test-00000-of-00001.parquet").symlink_to(test)
    return f"CIFAR-10 {split} parquet x {times}"


def png_files(data: Path, times: int) -> str:
    """Write noise as PNG files to test/, and link each file `times` times from train/.

    Return the name of the data set.
    """
    draw = np.random.default_rng(0)
    for index in range(FILES):
        image = Image.fromarray(draw.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8))
        held = data / "test" / f"class-{index % 10}"
        held.mkdir(parents=True, exist_ok=True)
        image.save(held / f"{index}.png")
        for copy in range(times):
            folder = data / "train" / f"class-{index % 10}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{copy}-{index}.png").hardlink_to(held / f"{index}.png")
    return f"PNG files x {times}"


def apart(name: str, data: Path, passes: int, session: Session) -> Peak:
    """Measure a data set in a process of its own."""
    options = session.options
    command = [sys.executable, __file__, "--inside", str(data), "--threads", str(options.threads)]
    command += ["--device", options.device, "--precision", options.precision]
    command += ["--passes", str(passes)]
    exact = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072",
             "ARROW_DEFAULT_MEMORY_POOL": "system"}  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=exact)
    peaks: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return Peak(name, peaks.pop("images"), peaks)


def watched(session: Session) -> dict[str, int]:
    """Return the peaks of the stages in bytes, and the number of images."""
    desk, options = session.desk, session.options
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        work = Path(folder)
        train = open_data(options.inside, work=work, workers=options.threads).train
        peaks = {"images": len(train), "open": watch.peak()}
        cache = pixel_cache(train, SIZE, view="squash", work=work, workers=options.threads)
        peaks["decode once"] = watch.peak()
        model = build_model("resnet8", classes=10, size=SIZE, seed=0)
        desk.place(model)
        # Both sizes see as many batches: the watcher catches the short peak of a batch by chance.
        for _ in range(options.passes):
            parts = infer(model, cache, train.labels, machine=desk)
            write_rows(work / "records.npy", parts, len(cache))
        records = np.load(work / "records.npy", mmap_mode="r")
        values = reduced(lambda series: series.mean(0), [records], "el2n")
        order = batches(len(cache), 128, seed=0, epoch=0)
        peaks["score"] = watch.peak()
        del order, values
    peaks["whole run"] = max(peaks[stage] for stage in ("open", "decode once", "score"))
    return peaks


if __name__ == "__main__":
    main()
