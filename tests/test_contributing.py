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
METHODS = ["brightness", "random(factor=2)", "grey", "prune(select=last)"]
# All in one process, as it takes longer to load torch than to use it here.
USED = f"""
import sys
from pathlib import Path
import numpy as np
from PIL import Image
import smallset
from smallset.__main__ import main

def command(*words):
    print("#", *words)
    sys.argv = ["smallset", *words]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code

rng = np.random.default_rng(0)
for row, image in enumerate(rng.integers(0, 256, (24, 8, 8, 3), np.uint8)):
    folder = Path("data/toy", ("train", "test")[row // 12], "abc"[row % 3])
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / f"{{row}}.png")
command("list")
print("# compress")
for number, method in enumerate({METHODS}):
    out = f"set{{number}}"
    made = smallset.compress("data/toy", out, method=method, budget="total=3", work="w")
    print(method, made.manifest.counts, made.images().mean().round(1))
command("bench", "m.toml", "runs", "--data", "data", "--work", "w", "--workers", "1")
command("report", "runs")
"""
MATRIX = """
title = "Patched"

[methods]
grey = "grey"

[[table]]
title = "toy"
data = "toy"
ipc = [1]
students = ["resnet8"]
methods = ["grey"]
protocols = ["small-v1(epochs=1)"]
replicates = 1
"""


def test_every_new_thing_is_listed_works_and_is_measured_and_reported(tmp_path):
    shutil.copytree(ROOT / "smallset", tmp_path / "smallset")
    (tmp_path / "m.toml").write_text(MATRIX)
    patches = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert len(patches) >= 5
    for patch in patches:
        subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, text=True, check=True)
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", USED], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    _, listed, made, _, reported = re.split("^# .*\n", ran.stdout, flags=re.MULTILINE)
    for name in ("brightness", "last", "grey", "total", "blind", "resnet32"):
        assert re.search(rf"(?m)^\s*{name} ", listed), name
    said = made.splitlines()
    assert [line.rpartition(" ")[0] for line in said] == [f"{name} (1, 1, 1)" for name in METHODS]
    assert said[2].endswith(" 128.0")
    [fact] = (tmp_path / "runs" / "facts.jsonl").read_text().splitlines()
    assert json.loads(fact)["value"] == pytest.approx(128 / 255)
    assert "brightness" in reported
