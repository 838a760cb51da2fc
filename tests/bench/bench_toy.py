"""A small matrix on coloured noise."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from smallset.bench.run import Request
from smallset.data import Data, open_data
from smallset.models import build_model

COLOURS = {"ape": (200, 60, 60), "bee": (60, 200, 60), "cow": (60, 60, 200)}
MATRIX = """title = "Toy"
main = ["random", "PCA"]

[methods]
random = "random"
easy = "el2n(epochs=1, observer=observer(epochs=1))"
PCA = "pca(score=el2n(epochs=1, observer=observer(epochs=1)))"

[[table]]
title = "toy"
data = "toy"
size = 8
ipc = [1]
students = ["resnet8(weights=w.pt)"]
methods = ["random", "easy", "PCA"]
protocols = ["finetune-v1(epochs=2)"]
replicates = 2
observers = 1
full = {epochs = 2}
"""
SOFT = """
[teachers]
own = "train(model=resnet8, epochs=30)"

[[table]]
title = "soft"
data = "toy"
size = 8
ipc = [1]
students = ["resnet8(weights=w.pt)"]
methods = ["random"]
labels = ["hard", "online(own)"]
protocols = ["finetune-v1(epochs=2)"]
replicates = 1
"""


def only(*labels: str, **methods: str) -> str:
    """Return the toy matrix for these labels, without a student on all images.

    `methods` are labels too, with their new specs.
    """
    text = MATRIX.replace('["random", "easy", "PCA"]', json.dumps([*labels, *methods]))
    for label, spec in methods.items():
        text = re.sub(rf"(?m)^{label} = .*\n", "", text)
        text = text.replace("[methods]", f"[methods]\n{label} = {json.dumps(spec)}")
    return text.replace("full = {epochs = 2}\n", "")


def with_tables(matrix: str, more: str) -> str:
    """Return a matrix with the teachers and the tables of another text too."""
    teachers, mark, tables = more.partition("[[table]]")
    return matrix.replace(mark, f"{teachers}{mark}", 1) + f"\n{mark}{tables}"


def coloured(root: Path, images: int = 8) -> Path:
    """Write train/ and test/ with `images` and 4 images a class, each class of its own colour."""
    rng = np.random.default_rng(0)
    for split, count in (("train", images), ("test", 4)):
        for name, colour in COLOURS.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(rng.normal(colour, 30, (8, 8, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i:02d}.png")
    return root


def ask(root: Path, matrix: str = MATRIX, *, runs: str = "runs", only: str = "") -> Request:
    """Ask for a matrix on root/data/toy, which is made where it is missing.

    The student's weights are no better than fresh ones. They are found from the folder `root`.
    """
    if not (root / "w.pt").exists():
        net = build_model("resnet8", classes=3, size=8, seed=0).net
        torch.save(net.state_dict(), root / "w.pt")
    if not (root / "data" / "toy").exists():
        coloured(root / "data" / "toy")
    file = root / "matrix.toml"
    file.write_text(matrix)
    data = (str(root / "data"),)
    return Request(file, root / runs, data, only, "float32", "cpu", root / "work")


@cache
def digits() -> Data:
    """Open the digits once for all tests."""
    return open_data("digits", work=Path())


def lines(runs: Path) -> list[str]:
    """Return the result lines without their times, in any order."""
    found = []
    for line in (runs / "results.jsonl").read_text().splitlines():
        result = json.loads(line)
        del result["seconds"], result["images_per_second"]
        found.append(json.dumps(result))
    return sorted(found)
