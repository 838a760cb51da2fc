"""A set that smallset wrote as the data of every verb, from the command line."""

from pathlib import Path

import pytest
from cli_toy import Shell, refused, tree

import smallset
from smallset.evidence.lines import read_lines
from smallset.records import Result
from smallset.scores.table import read_scores


@pytest.fixture
def shell(shell, data) -> Shell:
    """A shell in a folder with data/ (8 px, three classes) and ours/, a set of six mosaics."""
    made = shell("compress", "data", "ours", "--method", "random(factor=2)", "--ipc", 2)
    assert made.code == 0, made
    return shell


def test_a_set_is_scored_and_compressed_without_held_out_images(shell):
    ran = shell("score", "ours", "scores.parquet", "--scores", "el2n(epochs=1)")
    assert ran.code == 0, ran
    assert "each of its mosaics of 4 tiles counts as one image" in ran.out
    assert "held out: 0 images, a set has none of its own" in ran.out
    assert len(read_scores(Path("scores.parquet"))["el2n(epochs=1)"].values) == 6
    method = 'prune(score=file("scores.parquet"), select=hardest)'
    assert shell.compress("ours", "smaller", "--method", method).code == 0
    smaller, ours = smallset.open_set(Path("smaller")), smallset.open_set(Path("ours"))
    source = smaller.manifest.source
    assert (source.given, source.fingerprint) == ("ours", ours.digest)
    assert (source.images, smaller.manifest.images) == (6, 3)
    assert smaller.manifest.made_with["made_from"] == f"{ours.digest} {ours.origin}"


def test_a_set_that_lost_its_records_is_not_read_as_a_class_folder(shell):
    smallset.export("ours", "folders", to="imagefolder")
    for place in ("ours", "folders"):
        for name in ("manifest.json", "plan.parquet"):
            (shell.root / place / name).unlink()
        said = f"'{place}' is a set that smallset wrote, but lacks manifest.json and plan.parquet."
        refused(shell.compress(place, "new", "--method", "random"), said, "Restore it")
        refused(shell.evaluate(place, "data", "--seeds", 1), said)
        assert said in shell("verify", place).err
    refused(shell.compress("folders/train", "new"), "is a set that smallset wrote, and is not")
    (shell.root / "data/train/ape/in").mkdir()
    (shell.root / "ours").rename(shell.root / "data/train/ape/in/ours")
    refused(shell.compress("data", "new"), "ours' was written by smallset, but lies among the")


def test_a_readme_of_somebody_else_makes_no_set(shell):
    text = "---\ntags:\n- smallset\n---\ntags:\n- dataset-distillation\n- dataset-pruning\n"
    (shell.root / "data/README.md").write_text(text)
    assert shell.compress("data", "new", "--method", "random").code == 0


def test_a_set_made_of_a_set_is_evaluated_on_the_first_data(shell):
    assert shell.compress("ours", "smaller", "--method", "random").code == 0
    ran = shell.evaluate("smaller", "data", "--seeds", 1)
    assert ran.code == 0, ran
    [result] = read_lines(Path("results.jsonl"), Result)
    assert (result.dataset, result.images) == ("data", 3)
    assert result.source_fingerprint == smallset.open_set(Path("ours")).digest


def test_a_set_made_of_a_set_of_data_that_is_cut_is_evaluated_on_it(shell):
    tree(shell.root / "cut", test={})
    smallset.compress("cut", "a", method="random", ipc=2, size=8)
    smallset.compress(smallset.open_set(Path("a")), "b", method="random", ipc=1)
    assert shell.evaluate("b", "cut", "--seeds", 1).code == 0
    tree(shell.root / "other", {"ape": 9, "bee": 9, "cow": 9}, test={})
    refused(shell.evaluate("b", "other"), "the set was made from another state of the data")


def test_held_out_images_of_a_set_are_asked_for_where_they_judge(shell):
    said = "the set 'ours' has no held-out images"
    refused(shell.evaluate("ours", "ours"), said, "Give --test DATA")
    refused(shell("train", "ours", "teacher", "--model", "resnet8"), said)
    assert shell.evaluate("ours", "ours", "--test", "data", "--seeds", 1).code == 0
    [result] = read_lines(Path("results.jsonl"), Result)
    assert (result.dataset, result.source_images) == ("ours", 6)
    refused(shell.evaluate("ours", "ours", "--test", "ours"), said)


def test_a_place_inside_the_set_and_a_pattern_are_refused(shell):
    refused(shell.compress("ours", "ours/inner"), "lies inside the data 'ours'")
    refused(shell.compress("ours", "out", "--train", "ape"), "Leave --train out")
    made = smallset.open_set(Path("ours"))
    with pytest.raises(ValueError, match="lies inside the data"):
        smallset.compress(made, "ours/inner")
