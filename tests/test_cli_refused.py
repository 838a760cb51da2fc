"""What any verb refuses before the data is opened: wrong paths, specs and options."""

import os
from pathlib import Path

import torch
from cli_toy import QUICK, contents, refused, tree

from smallset.models import build_model

NET = "resnet8(weights=w.pt, classes=same)"
GONE = "resnet8(weights=no.pt, classes=same)"
MATRIX = """
title = "toy"
[methods]
random = "random"
[[table]]
title = "t"
data = "data"
size = 8
ipc = [1]
students = ["resnet8"]
methods = ["random"]
replicates = 1
"""


BENCH = ("bench", "m.toml", "runs", "--data", ".")
EVALUATE = ("evaluate", "set", "--data", "data")
ONLINE = (*EVALUATE, "--labels", "online", "--teacher")
SCORE = ("score", "data", "s.parquet", "--scores")
METHOD = ("compress", "data", "out", "--method")
INSIDE = "would be read as a part of the data"
CASES = [
    (("compress", "data", "no/out"), "the folder", "does not exist. Make it first"),
    (("compress", "data", "a-file/out"), "is a file and not a folder"),
    (("compress", "data", "set"), "'set' exists already", "another name"),
    (("compress", "data", "data/small"), INSIDE, "the next time. Needed a place outside of the"),
    (("compress", "data", "data/train/small", "--plan-only"), INSIDE),
    (("compress", "data/../data", "data/small"), INSIDE),
    (("compress", "data", "out", "--ipc", 2, "--keep", 0.5), "keep=0.5 were both given"),
    (("compress", "data", "out", "--keep", 30), "keep=30.0 is not a share", "0.3 uses 30 %"),
    (("compress", "data", "out", "--device", "gpu"), "device 'gpu' is not known", "auto, cpu, cud"),
    (("compress", "data", "out", "--codec", "gif"), "'gif' is not known. Use one of png, jpeg"),
    (("compress", "data", "out", "--codec", "original:9"), "stay as they are. Use 'original'."),
    (("compress", "data", "out", "--plan-only", "--codec", "jpeg"), "a list has no pixels to en"),
    ((*METHOD, "pcs"), "no method 'pcs'. Did you mean 'pca'? Known: random, el2n"),
    ((*METHOD, "pca(score=el2m)"), "no score 'el2m'. Did you mean 'el2n'? Known: el2n"),
    ((*METHOD, "el2n(observer=observer(model=resnet9))"), "no model 'resnet9'. Did you"),
    ((*METHOD, "el2n(epochs=11)"), "reads past the end of its observer"),
    ((*METHOD, "pca(select=easiest(balanced=false))"), "needs a multiple of 4"),
    (("compress", "data", "no/out", "--plan-only"), "does not exist. Make it first"),
    (("compress", "data", "out", "--work", "a-file/work"), "The work folder 'a-file/work' cannot"),
    ((*METHOD, "file(no.csv)"), "there is no file of scores 'no.csv'"),
    ((*METHOD, "pca(score=file(s.csv, amu))"), "'s.csv' has no column 'amu'. Did you mean 'aum'?"),
    ((*METHOD, "file(a-file.csv)", "--plan-only"), "there is no file of scores 'a-file.csv'"),
    ((*METHOD, f"el2n(observer={GONE})"), "there is no weights file 'no.pt' for 'resnet8'"),
    ((*METHOD, "el2n(observer=resnet8(weights=a-file, classes=same))"), "'a-file'"),
    ((*METHOD, "el2n(observer=resnet8(weights=w.pt, classes=no.txt))"), "no class file 'no.txt'"),
    ((*METHOD, "el2n(observer='no/folder')"), "there is no teacher 'no/folder'"),
    ((*METHOD, "herding(observer='empty')"), "'empty' is not a teacher: it has no teacher.json"),
    ((*METHOD, "el2n(observer='~nobody-at-all/w')"), "there is no teacher '~nobody-at-all/w'"),
    ((*METHOD, "el2n(observer=observer(model=resnet8(weights=no.pt)))"), "no weights file 'no."),
    ((*METHOD, "el2n(observer=observer(model='resnet8(weights=no.pt)'))"), "no weights file 'no."),
    (("score", "data", "no/s.parquet"), "does not exist. Make it first"),
    (("score", "data", "a-file/s.parquet"), "is a file and not a folder"),
    (("score", "data", "data/s.parquet"), INSIDE),
    (("score", "data", "s.csv"), "a .parquet file, not 's.csv'"),
    ((*SCORE, "aum, el2n,aum"), "'aum' was asked for twice, but names one column. Give it once."),
    ((*SCORE, "el2n,"), "the scores 'el2n, ' have an empty entry. Needed the spec of a score"),
    ((*SCORE, "aum,file(no.csv)"), "there is no file of scores 'no.csv'"),
    ((*SCORE, "file('~nobody-at-all/s.csv')"), "no file of scores '~nobody-at-all/s.csv'"),
    ((*SCORE, f"aum,loss(observer={GONE})"), "there is no weights file 'no.pt' for 'resnet8'"),
    ((*SCORE, "loss(observer='empty')"), "'empty' is not a teacher: it has no teacher.json"),
    (("train", "data", "no/t", "--model", "resnet8"), "does not exist. Make it first"),
    (("train", "data", "data/t", "--model", "resnet8"), INSIDE),
    (("train", "data", "t", "--model", "resnet8(weights=no.pt)"), "no weights file 'no.pt'"),
    (("train", "data", "t", "--model", "resnet9"), "there is no model 'resnet9'"),
    (("train", "data", "t", "--model", "resnet8", "--recipe", "x"), "'x'. Known: teacher-v1."),
    (("evaluate", "no", "--data", "data"), "'no' does not exist", "smallset compress"),
    ((*EVALUATE, "--student", "resnet9"), "no model 'resnet9'. Did you mean", "Known: convnet-d3"),
    ((*EVALUATE, "--protocol", "smal-v1"), "no protocol 'smal-v1'. Did you mean 'small-v1'? Kn"),
    ((*EVALUATE, "--results", "data"), "results cannot go to 'data'"),
    ((*EVALUATE, "--results", "set/results.jsonl"), "lies inside the set 'set'", "a file elsewh"),
    ((*EVALUATE, "--results", "torn"), "torn, line 1 is not a whole result", "Delete that"),
    (("evaluate", "set", "--data", "data", "--results", "no/r.jsonl"), "Make the folder first"),
    (("evaluate", "set", "--data", "data", "--results", "a-file"), "line 1 is not a whole result"),
    (("evaluate", "theirs", "--data", "data", "--results", "no/r.jsonl"), "Make the folder first"),
    (("evaluate", "theirs", "--data", "data", "--results", "theirs/r.jsonl"), "inside the set 'th"),
    (("evaluate", "theirs", "--data", "data", "--classes", "no.json"), "'no.json'"),
    (("evaluate", "theirs", "--data", "data", "--classes", "a-file"), "'a-file'"),
    (("evaluate", "set", "--data", "data", "--student", "resnet8(weights=no.pt)"), "'no.pt'"),
    ((*ONLINE, "no/teacher"), "there is no teacher 'no/teacher'"),
    ((*ONLINE, "empty"), "'empty' is not a teacher: it has no teacher.json"),
    ((*ONLINE, GONE), "there is no weights file 'no.pt' for 'resnet8'"),
    ((*ONLINE, "resnet8(weights=w.pt, classes=no.txt)"), "there is no class file 'no.txt'"),
    (("evaluate", "theirs", *ONLINE[2:], GONE), "there is no weights file 'no.pt' for 'resnet8'"),
    (("export", "set", "no/out", "--to", "hub"), "does not exist. Make it first"),
    (("export", "no", "out", "--to", "hub"), "'no' does not exist"),
    (("export", "data", "out", "--to", "hub"), "'data' has no manifest.json"),
    (("export", "set", "out", "--to", "hubb"), "no export format 'hubb'. Did you mean"),
    (("export", "set", "empty", "--to", "hub"), "exists already"),
    (("show", "set", "--out", "no/s.png"), "does not exist. Make it first"),
    (("show", "set", "--out", "set/s.png"), "lies inside the set 'set'"),
    (("show", "set", "--out", "s.csv"), "exists already"),
    (("show", "no"), "'no' does not exist", "smallset compress"),
    (("show", "data"), "'data' has no manifest.json, so it is not a set"),
    (("verify", "no"), "'no' does not exist", "smallset compress"),
    (("report", "no"), "there are no results in 'no'"),
    (("report", "none"), "holds no results"),
    (("report", "torn"), "line 1 is not a whole result"),
    (("report", "no", "--out", "no/tables"), "'no/tables' cannot be made"),
    (("report", "no", "--out", "data"), "'data' exists and holds 'test', which no report wrote"),
    (("bench", "m.toml", "a-file", "--data", "."), "'a-file' is a file"),
    (("bench", "m.toml", "a-file/runs", "--data", "."), "the run folder 'a-file/runs' cannot be"),
    (("bench", "m.toml", "data", "--data", "."), "'data' is not a run folder: it holds 'test'"),
    (("bench", "m.toml", "data/runs", "--data", "."), "lies inside the data '", "Choose anoth"),
    (("bench", "no.toml", "runs", "--data", "."), "there is no matrix 'no.toml': needed the"),
    (("bench", "demo", "runs", "--only", "x" * 9), "is not in any table's title"),
    (("bench", "m.toml", "runs", "--data", "no"), "--data 'no' is not a folder"),
    ((*BENCH, "--known", "no.jsonl"), "there are no results 'no.jsonl'. Give --known the results"),
    ((*BENCH, "--known", "a-file"), "a-file, line 1 is not a whole result"),
    ((*BENCH, "--known", "no.jsonl", "--dry-run"), "there are no results 'no.jsonl'. Give --known"),
    ((*BENCH, "--work", "a-file/work"), "The work folder 'a-file/work' cannot be made"),
    (("demo", "a-file/demo"), "the run folder 'a-file/demo' cannot be made ("),
    (("demo", "a-file"), "'a-file' is a file; needed a folder for the run"),
    (("demo", "data"), "'data' is not a run folder: it holds 'test'"),
]  # fmt: skip


# What depends on the data is refused before any network is trained.
OPENED = [
    ((*METHOD, QUICK, "--ipc", 3),
     "ipc=3 with grid(factor=2", "needs 12 images of the class 'ape'", "has 8. Use ipc<=2"),
    ((*METHOD, QUICK, "--ipc", 10**30), "Use ipc<=2 or a smaller factor"),
    ((*METHOD, QUICK, "--ipc", 1, "--size", 1), "a canvas of 1 px has no room for 2 tiles"),
    ((*METHOD, "el2n", "--ipc", 9), "ipc=9 needs 9 images of the class", "Use ipc<=8."),
    ((*METHOD, "pca(factor=3)"), "'ape', but it has 8. Use more images of that class or a small"),
    (("compress", "data", "out", "--size", 10**12), "Give the side in pixels, at most 8192."),
    (("compress", "data", "out", "--test", "test"), "test='test' was given without tr"),
    ((*EVALUATE, "--student", "timm:no_such_network"), "no_such_network"),
    ((*EVALUATE, "--student", "convnet-d5"), "at least 32 px, but the size is 8", "a shallower"),
]  # fmt: skip


def test_what_cannot_be_is_refused_before_any_work(shell, data, monkeypatch):
    tree(shell.root / "theirs", test={})
    assert shell.compress("data", "set", "--method", "random").code == 0
    torch.save(build_model("resnet8", classes=3, size=8, seed=0).net.state_dict(), "w.pt")
    Path("m.toml").write_text(MATRIX)
    Path("a-file").write_text("x\n")
    Path("empty").mkdir()
    Path("none").touch()
    Path("torn").write_text('{"fingerprint": "ab')
    Path("s.csv").write_text("id,aum\n00,1\n")

    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the data was opened")

    before = contents(shell.root)
    with monkeypatch.context() as patch:
        patch.setattr("smallset.exchange.set_data.open_data", touched)
        for words, *said in CASES:
            refused(shell(*words), *said)
            assert contents(shell.root) == before, words
    for words, *said in OPENED:
        refused(shell(*words), *said)
        assert contents(shell.root) == before, words
    assert shell.observers() == []


def test_a_run_folder_that_cannot_be_written_is_refused_first(shell, data, monkeypatch):
    Path("m.toml").write_text(MATRIX)
    Path("locked").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "locked")
    said = "the run folder 'locked/runs' cannot be made ("
    refused(shell("bench", "m.toml", "locked/runs", "--data", "."), said, "is read-only for you)")


def test_an_option_given_twice_is_refused_unless_it_may_be(shell):
    done = shell("evaluate", "set", "--data", "data", "--seeds", "2", "--seeds=3")
    assert done.code == 2
    assert "--seeds was given 2 times. Give it once." in done.err
    done = shell("analyze", "set", "--data", "data", "--splits", "--no-splits")
    assert (done.code, done.err) == (
        2,
        "Error: --splits/--no-splits was given 2 times. Give it once.\n",
    )
    refused(shell("bench", "m.toml", "runs", "--data", "a=x", "--data", "b=y"), "m.toml")
