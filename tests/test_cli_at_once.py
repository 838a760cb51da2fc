"""What answers without computing loads no torch: fresh processes say what they have loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smallset
from smallset import cli

ROOT = Path(__file__).parents[1]
# Runs commands one after the other in one process, and says after each whether torch is there.
RUNS = """
import json, sys
from smallset import __main__
SLOW = {"torch", "sklearn", "datasets", "jaxtyping"}
for words in json.loads(sys.argv[1]):
    sys.argv = ["smallset", *words]
    code = 0
    try:
        __main__.main()
    except SystemExit as stop:
        code = stop.code or 0
    print(json.dumps([words, code, sorted(SLOW & {*sys.modules})]))
"""
MATRIX = """
title = "One"

[methods]
random = "random"

[[table]]
title = "one"
data = "toy"
ipc = [1]
students = ["resnet8"]
methods = ["random"]
protocols = ["finetune-v1"]
replicates = 1
"""
ANSWERED = [
    ["--help"],
    ["--version"],
    ["list"],
    ["verify", "set"],
    ["report", str(ROOT / "docs/results/cifar10.jsonl"), "--out", "tables"],
    *([command, "--help"] for command in cli.app.commands),
]
EVALUATE = ["evaluate", "set", "--data", "data"]
REFUSED = [
    ["compres"],
    ["compress", "data"],
    ["compress", "data", "new", "--ipd", "3"],
    ["compress", "data", "new", "--ipc", "few"],
    ["compress", "data", "new", "--ipc", "0"],
    ["compress", "data", "new", "--budget", "bits=3"],
    ["compress", "data", "new", "--method", "pcs"],
    ["compress", "data", "new", "--method", "pca(score=el2m)"],
    ["compress", "data", "new", "--method", "el2n(observer=observer(model=resnet9))"],
    ["compress", "data", "new", "--method", "file(nowhere.csv)"],
    ["compress", "data", "new", "--codec", "gif"],
    ["compress", "data", "new", "--device", "gpu"],
    ["compress", "data", "new", "--precision", "half"],
    ["compress", "data", "new", "--workers", "-1"],
    ["compress", "data", "new", "--size", "0"],
    ["compress", "data", "new", "--ipc", "1000"],
    ["compress", "data", "set"],
    ["compress", "nowhere", "new"],
    ["score", "data", "new.parquet", "--scores", "el2m"],
    ["score", "nowhere", "new.parquet"],
    ["train", "data", "new", "--model", "resnet9"],
    ["train", "data", "new", "--model", "resnet8", "--recipe", "hard"],
    [*EVALUATE, "--student", "resnet9"],
    [*EVALUATE, "--protocol", "tiny-v1"],
    [*EVALUATE, "--labels", "soft"],
    [*EVALUATE, "--labels", "online", "--teacher", "nowhere"],
    [*EVALUATE, "--seeds", "0"],
    ["evaluate", "nowhere", "--data", "data"],
    ["evaluate", "set", "--data", "nowhere"],
    ["bench", "nowhere", "runs"],
    ["bench", "matrix.toml", "runs"],
    ["bench", "matrix.toml", "runs", "--dry-run"],
    ["bench", "matrix.toml", "runs", "--data", "toy=nowhere"],
    ["bench", "matrix.toml", "runs", "--data", "toy=folder(nowhere, test=data)"],
    ["bench", "demo", "runs", "--jobs", "2"],
    ["bench", "demo", "runs", "--workers", "-1"],
    ["report", "nowhere"],
    ["export", "set", "new", "--to", "floppy"],
    ["export", "nowhere", "new", "--to", "hub"],
    ["verify", "nowhere"],
    ["show", "nowhere"],
]


def fresh(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    own = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | own | more,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("at-once")
    labels = np.arange(12) % 2
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    data = smallset.from_arrays(images, labels, test=(images[::-1] ^ 255, labels[::-1]))
    smallset.compress(data, folder / "set", method="random", ipc=2, work=folder / "work")
    (folder / "matrix.toml").write_text(MATRIX)
    for split in ("train", "test"):
        for name in ("ape", "bee"):
            (folder / "data" / split / name).mkdir(parents=True)
    for number, image in enumerate(smallset.open_set(folder / "set").path.rglob("*.png")):
        for split in ("train", "test"):
            place = folder / "data" / split / ("ape", "bee")[number % 2]
            place.joinpath(f"{number}.png").write_bytes(image.read_bytes())
    return folder


@pytest.mark.parametrize("group", [ANSWERED, REFUSED], ids=["answered", "refused"])
def test_nothing_that_computes_nothing_loads_torch(folder, group):
    done = fresh(folder, "-c", RUNS, json.dumps(group))
    ran = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('[["')]
    assert [words for words, *_ in ran] == group, done.stderr
    assert not [(words, loaded) for words, _, loaded in ran if loaded]
    wrong = [words for words, code, _ in ran if (code == 0) is (group is REFUSED)]
    assert not wrong, done.stderr


def test_importing_the_package_loads_nothing_that_is_slow(folder):
    slow = ["torch", "numpy", "rich", "scipy", "pyarrow"]
    code = (
        f"import sys, smallset, smallset.__main__; print([m for m in {slow} if m in sys.modules])"
    )
    assert fresh(folder, "-c", code).stdout == "[]\n"


def test_a_shell_completes_commands_and_options(folder):
    asked = {"_SMALLSET_COMPLETE": "bash_complete"}
    words = {"COMP_WORDS": "smallset com", "COMP_CWORD": "1"}
    assert fresh(folder, "-m", "smallset", **asked, **words).stdout == "plain,compress\n"
    words = {"COMP_WORDS": "smallset compress --ipc 1 --ipc 2 --drop", "COMP_CWORD": "6"}
    assert fresh(folder, "-m", "smallset", **asked, **words).stdout == "plain,--drop-leaks\n"
    script = fresh(folder, "-m", "smallset", _SMALLSET_COMPLETE="bash_source").stdout
    assert "complete -o nosort -F _smallset_completion smallset" in script
