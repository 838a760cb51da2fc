"""A wrong path of any verb is refused before the data is opened."""

import os
from pathlib import Path

import torch
from cli_toy import contents, refused, tree

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
ONLINE = ("evaluate", "set", "--data", "data", "--labels", "online", "--teacher")
SCORE = ("score", "data", "s.parquet", "--scores")
METHOD = ("compress", "data", "out", "--method")
CASES = [
    (("compress", "data", "no/out"), "the folder", "does not exist. Make it first"),
    (("compress", "data", "a-file/out"), "is a file and not a folder"),
    (("compress", "data", "data"), "'data' exists already"),
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
    ((*SCORE, "aum,file(no.csv)"), "there is no file of scores 'no.csv'"),
    ((*SCORE, "file('~nobody-at-all/s.csv')"), "no file of scores '~nobody-at-all/s.csv'"),
    ((*SCORE, f"aum,loss(observer={GONE})"), "there is no weights file 'no.pt' for 'resnet8'"),
    ((*SCORE, "loss(observer='empty')"), "'empty' is not a teacher: it has no teacher.json"),
    (("train", "data", "no/t", "--model", "resnet8"), "does not exist. Make it first"),
    (("train", "data", "t", "--model", "resnet8(weights=no.pt)"), "no weights file 'no.pt'"),
    (("evaluate", "no", "--data", "data"), "'no' does not exist"),
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
    (("show", "set", "--out", "no/s.png"), "does not exist. Make it first"),
    (("show", "no"), "'no' does not exist"),
    (("report", "no"), "there are no results in 'no'"),
    (("report", "no", "--out", "no/tables"), "'no/tables' cannot be made"),
    (("report", "no", "--out", "data"), "'data' exists and holds 'test', which no report wrote"),
    (("bench", "m.toml", "a-file", "--data", "."), "'a-file' is a file"),
    (("bench", "m.toml", "a-file/runs", "--data", "."), "the run folder 'a-file/runs' cannot be"),
    (("bench", "m.toml", "data", "--data", "."), "'data' is not a run folder: it holds 'test'"),
    (("bench", "no.toml", "runs", "--data", "."), "there is no matrix 'no.toml'"),
    (("bench", "m.toml", "runs", "--data", "no"), "--data 'no' is not a folder"),
    ((*BENCH, "--known", "no.jsonl"), "there are no results 'no.jsonl'. Give --known the results"),
    ((*BENCH, "--known", "a-file"), "a-file, line 1 is not a whole result"),
    ((*BENCH, "--known", "no.jsonl", "--dry-run"), "there are no results 'no.jsonl'. Give --known"),
    ((*BENCH, "--work", "a-file/work"), "The work folder 'a-file/work' cannot be made"),
    (("demo", "a-file/demo"), "the run folder 'a-file/demo' cannot be made ("),
]  # fmt: skip


def test_a_wrong_path_is_refused_before_the_data_is_opened(shell, data, monkeypatch):
    tree(shell.root / "theirs", test={})
    assert shell.compress("data", "set", "--method", "random").code == 0
    torch.save(build_model("resnet8", classes=3, size=8, seed=0).net.state_dict(), "w.pt")
    Path("m.toml").write_text(MATRIX)
    Path("a-file").write_text("x\n")
    Path("empty").mkdir()
    Path("s.csv").write_text("id,aum\n00,1\n")

    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the data was opened")

    monkeypatch.setattr("smallset.exchange.set_data.open_data", touched)
    before = contents(shell.root)
    for words, *said in CASES:
        refused(shell(*words), *said)
        assert contents(shell.root) == before, words


def test_a_run_folder_that_cannot_be_written_is_refused_first(shell, data, monkeypatch):
    Path("m.toml").write_text(MATRIX)
    Path("locked").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "locked")
    said = "the run folder 'locked/runs' cannot be made ("
    refused(shell("bench", "m.toml", "locked/runs", "--data", "."), said, "is read-only for you)")
