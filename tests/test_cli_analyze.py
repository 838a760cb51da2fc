"""The command `analyze`: what it says, writes and refuses."""

import pytest
from cli_toy import Shell, contents, refused, tree

EYE = ("--observer", "observer(epochs=1)")


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys) -> Shell:
    shell = Shell(tmp_path, monkeypatch, capsys)
    tree(shell.root / "data")
    assert shell.compress("data", "set", "--method", "random").code == 0
    return shell


def test_analyze_says_what_a_set_is_like_and_appends_facts_once(shell):
    ran = shell("analyze", "set", "--data", "data", *EYE, "--out", "facts.jsonl")
    assert ran.code == 0, ran.err
    for line in (
        "set: entropy ", "set, training views: entropy ", "training images: entropy ",
        "set: 1 to 1 images a class", "  ape: easiest 'ape/00000.png' (NLL ",
        "set: 0 of 3 have a near-duplicate inside", "set: crops chosen by NLL change nll ",
    ):  # fmt: skip
        assert f"\n{line}" in ran.out, line
    lines = (shell.root / "facts.jsonl").read_text().splitlines()
    assert ran.out.endswith(f"{len(lines)} facts in facts.jsonl\n")
    again = shell("analyze", "set", "--data", "data", *EYE, "--out", "facts.jsonl")
    assert (again.code, again.out) == (0, ran.out)
    assert (shell.root / "facts.jsonl").read_text().splitlines() == lines
    report = shell("report", "facts.jsonl", "--format", "markdown")
    assert report.code == 0, report.err
    assert "entropy(view=own)" in report.out


def test_bad_input_is_one_line_and_leaves_nothing(shell):
    before = contents(shell.root)
    for words, said in (
        (["nowhere", *EYE], "'nowhere' does not exist"),
        (["set"], "no observer was given"),
        (["set", *EYE, "--what", "x"], "there is no analysis 'x'. Known: difficulty"),
        (["set", "--observer", "resnet20(weights=w.pth)"], "w.pth"),
    ):
        refused(shell("analyze", *words, "--data", "data", "--out", "facts.jsonl"), said)
    assert contents(shell.root) == before
