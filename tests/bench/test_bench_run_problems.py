"""Impossible cells: found before anything runs, all of them at once."""

import re
from dataclasses import replace

import pytest
import torch
from bench_toy import MATRIX, SOFT, ask, with_tables

from smallset.bench import folder as run_folder
from smallset.bench.run import plan_bench, run_bench

# One line a mistake, each of another kind.
IMPOSSIBLE = """
[teachers]
lost = "resnet8(weights={data}/lost.pt, classes=same)"
blank = "resnet8"
deep = "train(model=convnet-d4)"

[[table]]
title = "bad"
data = "toy"
size = 4
ipc = [9]
students = ["resnet8(weights=no.pt)", "convnet-d3", "resnet8"]
labels = ["online(lost)", "online(blank)", "online(deep)"]
methods = ["random", "PCA", "deep", "often"]
protocols = ["finetune-v1"]
replicates = 1

[[table]]
title = "tiles"
data = "toy"
size = 1
ipc = [1]
students = ["resnet8"]
methods = ["PCA"]
replicates = 1

[[table]]
title = "elsewhere"
data = "atlantis"
size = 8
ipc = [1]
students = ["resnet8"]
methods = ["random"]
replicates = 1
"""
SAID = (
    "'Toy' has 14 impossible entries; nothing was run. Correct the matrix, give what is missing",
    "bad: there is no weights file 'no.pt' for 'resnet8'",
    "bad: ConvNet-D3 halves the image 3 times, so it needs at least 8 px, but the size is 4.",
    "bad: the protocol 'finetune-v1' is for a pretrained student, but 'resnet8' starts from fresh",
    "bad: labels 'online(lost)': there is no weights file",
    "bad: labels 'online(blank)': the teacher 'resnet8' has learned nothing",
    "bad: labels 'online(deep)': ConvNet-D4 halves the image 4 times, so it needs at least 16 px",
    "bad: the observer of 'deep': ConvNet-D4 halves the image 4 times, so it needs at least 16",
    "bad: the observer of 'often': 8 snapshots an epoch were asked for, but an epoch of 24 images",
    "bad: 'random': ipc=9 needs 9 images of the class 'ape', but it has 8. Use ipc<=8.",
    "bad: 'PCA': ipc=9 with grid(factor=2) needs 36 images of "
    "the class 'ape', but it has 8. Use ipc<=2 or a smaller factor.",
    "tiles: a canvas of 1 px has no room for 2 tiles a side",
    "data 'atlantis': the data set 'atlantis' was not found (not in '",
)


MORE = """[methods]
deep = "el2n(observer=observer(model=convnet-d4))"
often = "cad-prune(observer=observer(model=resnet8, epochs=1, snapshots=8))"
"""
BAD = with_tables(MATRIX.replace("[methods]\n", MORE), IMPOSSIBLE)


def test_all_impossible_cells_are_listed_at_once_and_nothing_is_made(tmp_path):
    with pytest.raises(ValueError, match="impossible") as caught:
        run_bench(ask(tmp_path, BAD))
    said = str(caught.value)
    for line in SAID:
        assert line in said
    assert said.count("\n") == 14
    assert not (tmp_path / "runs").exists()


def test_tables_that_were_not_asked_for_may_be_impossible(tmp_path):
    plan = plan_bench(ask(tmp_path, BAD, only="toy"))
    assert {unit.asker.sweep.title for unit in plan.pending} == {"toy"}


def test_weights_that_changed_under_an_old_run_are_an_error(root):
    request = ask(root)
    content = (root / "w.pt").read_bytes()
    plan_bench(request)
    ask(root)
    state = torch.load(root / "w.pt", weights_only=True)
    torch.save({key: value + 1 for key, value in state.items()}, root / "w.pt")
    assert (root / "w.pt").read_bytes() != content
    with pytest.raises(
        ValueError, match=r"begun with weights resnet8\(weights=w\.pt\) = .*Restore"
    ):
        plan_bench(request)


FILE = "resnet8(weights=data/t.pt)"


@pytest.mark.parametrize(
    ("spec", "now"),
    [
        ("train(model=resnet8, epochs=30)", f"{FILE[:-1]}, classes=same)"),
        ("model=resnet8", f"model='{FILE}'"),
        ("random(view=patch)", f"el2n(observer=observer(model='{FILE}'))"),
    ],
)
def test_weights_that_changed_behind_a_teacher_or_observer_are_an_error(root, spec, now):
    state = torch.load(root / "w.pt", weights_only=True)
    torch.save(state, root / "data" / "t.pt")
    grown = MATRIX.replace("[methods]", '[methods]\nother = "random(view=patch)"')
    grown = grown.replace('"PCA"]\nprotocols', '"PCA", "other"]\nprotocols')
    grown = with_tables(grown, SOFT).replace(spec, now)
    run_folder.write_run(root / "runs", plan_bench(ask(root, grown)).run)
    torch.save({key: value + 1 for key, value in state.items()}, root / "data" / "t.pt")
    # Another name is no way around: results name a teacher by its spec.
    with pytest.raises(ValueError, match=r"begun with weights .*data/t\.pt.* = .*Restore the wei"):
        plan_bench(ask(root, re.sub(r"\bown\b", "renamed", grown)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (("data", "other"), "--data was given two folders, 'data' and 'other'. Give one folder"),
        (
            ("nowhere",),
            "--data 'nowhere' is not a folder. Give the folder that holds the data sets",
        ),
        (("toy=data/toy", "toy=x"), "--data 'toy=x': needed NAME=PATH, each name once"),
        (("=x",), "--data '=x': needed NAME=PATH"),
        ((), "'toy' was not found (no --data folder was given). Give --data toy=PATH"),
        (("toy=nowhere",), "There is no data set 'nowhere'"),
    ],
)
def test_data_that_cannot_be_found_is_an_error(tmp_path, data, said):
    request = ask(tmp_path)
    (tmp_path / "other").mkdir()
    with pytest.raises(ValueError, match=re.escape(said)):
        plan_bench(replace(request, data=data))


def test_data_by_name_keeps_the_matrixs_name(tmp_path):
    request = ask(tmp_path)
    (tmp_path / "data" / "toy").rename(tmp_path / "elsewhere")
    plan = plan_bench(replace(request, data=("toy=elsewhere",)))
    assert {cell.identity.dataset for cell in plan.ground.cells} == {"toy"}


def test_teacher_in_the_data_folder_needs_one(tmp_path):
    matrix = with_tables(MATRIX, SOFT.replace('"train(model=resnet8, epochs=30)"', '"{data}/own"'))
    request = replace(ask(tmp_path, matrix), data=("toy=data/toy",))
    said = r"labels 'online\(own\)': '\{data\}/own' lies in the data folder, but none was given"
    with pytest.raises(ValueError, match=said):
        plan_bench(request)


def test_two_methods_that_are_one_at_the_datas_own_size_are_an_impossible_entry(tmp_path):
    text = MATRIX.replace("size = 8\n", "").replace(
        "easy =", 'r8 = "el2n(epochs=1, observer=observer(epochs=1, model=resnet8))"\neasy ='
    )
    text = text.replace('["random", "easy", "PCA"]', '["random", "r8", "easy"]')
    said = "method 'easy': the methods 'r8' and 'easy' are the same, 'el2n(epochs=1, "
    with pytest.raises(ValueError, match=re.escape(said)):
        plan_bench(ask(tmp_path, text))
