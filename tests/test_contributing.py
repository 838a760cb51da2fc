"""The patches of CONTRIBUTING.md, applied to a copy of the package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
USED = """
import numpy as np
import smallset

rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (12, 8, 8, 3), np.uint8), np.arange(12) % 3
data = smallset.from_arrays(images, labels, ["a", "b", "c"], test=(images[:3] + 1, labels[:3]))
for number, method in enumerate(("brightness", "random(factor=2)", "grey", "prune(select=last)")):
    made = smallset.compress(data, f"set{number}", method=method, budget="total=3", work="w")
    print(method, made.manifest.counts, made.images().mean().round(1))
"""
MATRIX = """
title = "Patched"

[methods]
grey = "grey"

[[table]]
title = "digits"
data = "digits"
ipc = [1]
students = ["resnet8"]
methods = ["grey"]
protocols = ["small-v1(epochs=1)"]
replicates = 1
"""


@pytest.fixture(scope="module")
def patched(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("patched")
    shutil.copytree(ROOT / "smallset", folder / "smallset")
    patches = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert len(patches) >= 5
    for patch in patches:
        subprocess.run(["git", "apply", "-"], cwd=folder, input=patch, text=True, check=True)
    return folder


def run(folder: Path, *words: str) -> str:
    env = os.environ | {"PYTHONPATH": str(folder)}
    ran = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return ran.stdout


def test_every_new_thing_is_in_the_list(patched):
    listed = run(patched, "-m", "smallset", "list")
    for name in ("brightness", "last", "grey", "total", "blind", "resnet32"):
        assert re.search(rf"(?m)^\s*{name} ", listed), name


def test_every_new_thing_works(patched):
    made = run(patched, "-c", USED).splitlines()
    assert [line.rpartition(" ")[0] for line in made] == [
        f"{method} (1, 1, 1)"
        for method in ("brightness", "random(factor=2)", "grey", "prune(select=last)")
    ]
    assert made[2].endswith(" 128.0")


def test_a_fact_is_measured_of_every_set_of_a_matrix(patched):
    (patched / "m.toml").write_text(MATRIX)
    run(patched, "-m", "smallset", "bench", "m.toml", "runs", "--work", "w")
    [fact] = (patched / "runs" / "facts.jsonl").read_text().splitlines()
    assert json.loads(fact)["value"] == pytest.approx(128 / 255)
    assert "brightness" in run(patched, "-m", "smallset", "report", "runs")
