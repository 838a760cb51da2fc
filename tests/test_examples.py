"""The scripts of `examples/`, run on tiny images."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from cli_toy import QUICK, tree

import smallset
from smallset.models import build_model

ROOT = Path(__file__).parents[1]
SCRIPTS = {"finetune", "images_that_matter", "torchvision_pipeline", "your_own_folder"}


@pytest.fixture
def data(tmp_path):
    return tree(tmp_path / "data", {name: 60 for name in ("ape", "bee")})


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a script after some changes of its text, and return its output."""

    def ran(name: str, *words: object, changed: dict[str, str]) -> str:
        file = ROOT / f"examples/{name}.py"
        text = file.read_text(encoding="utf-8")
        for old, new in changed.items():
            assert old in text
            text = text.replace(old, new)
        monkeypatch.setattr(sys, "argv", [str(file), *map(str, words)])
        exec(compile(text, str(file), "exec"), {"__name__": "__main__"})
        return capsys.readouterr().out

    return ran


def test_every_script_is_tested():
    assert {file.stem for file in (ROOT / "examples").glob("*.py")} == SCRIPTS


@pytest.mark.usefixtures("quick")
def test_a_folder_is_compressed_and_learned_from(data, run):
    said = run(
        "your_own_folder", data, "set", changed={'"pca", 10': f'"{QUICK}", 10', "= 100": "= 1"}
    )
    assert said.startswith("20 canvases, ")


@pytest.mark.usefixtures("quick")
def test_a_pretrained_network_is_tuned_on_two_sets(data, run):
    net = build_model("resnet8", classes=4, size=8, seed=0)
    torch.save(net.net.state_dict(), "weights.pt")
    said = run(
        "finetune", data, "sets", "resnet8(weights=weights.pt)",
        changed={'"finetune-v1"': '"finetune-v1(epochs=1)"', '"pca"': f'"{QUICK}"'},
    )  # fmt: skip
    assert [line.split(":")[0] for line in said.splitlines()] == ["random", QUICK]


@pytest.mark.usefixtures("quick")
def test_images_are_found_by_several_scores(data, run):
    quick = {
        f'"{name}"': f'"{name}(observer=observer(epochs=2))"' for name in ("forgetting", "aum")
    }
    quick['"el2n"'] = '"el2n(epochs=2, observer=observer(epochs=2))"'
    said = run("images_that_matter", data, "scores.parquet", changed=quick).splitlines()
    assert [line for line in said if line.endswith(":")] == [
        "easiest:", "hardest:", "most disputed:"
    ]  # fmt: skip
    assert all("el2n" in line and "aum" in line for line in said if line.startswith("  "))


@pytest.mark.usefixtures("quick")
def test_patchcrop_works_in_a_pipeline_of_torchvision(data, run):
    torchvision()
    made = smallset.compress(data, "set", method="random(factor=2, view=patch)", ipc=2)
    smallset.export(made, "folder", to="imagefolder")
    assert run("torchvision_pipeline", "folder", changed={"= 100, 32": "= 1, 32"}).startswith(
        "epoch 1: loss "
    )


def torchvision() -> None:
    """Import torchvision, or skip.

    Its wheel beside a CPU build of torch lacks two operators that only detectors use, and cannot be
    imported without a definition of them.
    """
    try:
        pytest.importorskip("torchvision", reason="no torchvision: install smallset[torchvision]")
    except RuntimeError:
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        for name in ("nms", "qnms"):
            takes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", takes)
        import_module("torchvision")


@pytest.mark.usefixtures("quick")
def test_the_cells_of_the_notebook_run_and_its_outputs_are_small(capsys):
    file = ROOT / "examples/digits.ipynb"
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    assert file.stat().st_size < 200_000
    names: dict[str, object] = {}
    for cell in code:
        exec(cell.replace("pca(", f"pca({QUICK[4:-1]}, ").replace("steps=100", "steps=2"), names)
    said = capsys.readouterr().out.splitlines()
    kinds = [line.split(":")[0] for line in said]
    assert kinds[:-1] == ["random", "PCA", "random", "random", "PCA", "PCA"]
