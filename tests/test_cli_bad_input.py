"""What a user can get wrong: one line that says what to do, and nothing left behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_toy import contents, picture, refused, tree
from PIL import Image

from smallset.store import open_set


def table(root: Path, labels: list[object], *, names: list[str] | None = None) -> Path:
    """Write train and test parquet files of noise with these labels."""
    root.mkdir()
    for split in ("train", "test"):
        paths = []
        for row in range(len(labels)):
            paths.append(root / f"{split}{row}.png")
            picture(row + (900 if split == "test" else 0)).save(paths[-1])
        images = [{"bytes": p.read_bytes(), "path": None} for p in paths]
        for path in paths:
            path.unlink()
        made = datasets.Dataset.from_dict({"image": images, "label": labels})
        made = made.cast_column("image", datasets.Image())
        if names:
            made = made.cast_column("label", datasets.ClassLabel(names=names))
        made.to_parquet(root / f"{split}-0.parquet")
    return root


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("nowhere", ["There is no data set 'nowhere'", "a folder that exists"]),
        ("digit", ["Did you mean 'digits'?"]),
        ("empty", ["holds no images", "DATA/<class>/*"]),
        ("hollow", ["holds no images"]),
        ("a-file", ["'a-file' is a file", "Give the folder"]),
        ("one", ["'one' has 1 class ['ape']", "at least two"]),
        ("lone", ["'bee' has no two different images (it has 1 image)", "or a test split if"]),
    ],
)  # fmt: skip
def test_data_that_is_not_there_or_too_little_is_named(shell, data, said):
    (shell.root / "empty").mkdir()
    (shell.root / "hollow/train/ape").mkdir(parents=True)
    (shell.root / "a-file").write_text("x")
    tree(shell.root / "one", {"ape": 4})
    tree(shell.root / "lone", {"ape": 4, "bee": 1}, test={})
    refused(shell.compress(data, shell.outs / "set", "--method", "random"), *said)
    assert contents(shell.outs) == []


def bad_files(root: Path) -> dict[str, bytes]:
    """The content of one file for each way in which a file can be bad."""
    picture(7).save(root / "good.png")
    picture(7, 20).save(root / "large.png")
    good, large = (root / "good.png").read_bytes(), (root / "large.png").read_bytes()
    (root / "good.png").unlink()
    (root / "large.png").unlink()
    return {
        "cut.png": good[: len(good) // 2],
        "empty.png": b"",
        "words.png": b"these are words",
        "notes.txt": b"to do",
        "other.jpg": good,  # a sound PNG with a wrong name
        "bomb.png": large,
    }


@pytest.mark.parametrize("skip", [False, True])
def test_bad_files_are_named_and_left_out_only_when_asked(shell, data, monkeypatch, skip):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for name, content in bad_files(shell.root).items():
        (data / "train/ape" / name).write_bytes(content)
    out = shell.outs / "set"
    ran = shell.compress("data", out, "--method", "random", *(["--skip-bad"] if skip else []))
    if not skip:
        refused(ran, "'data' has 5 bad files: 'ape/bomb.png' is too large (",
                "'ape/cut.png' is damaged or cut short", "'ape/empty.png' is empty (0 bytes)",
                "'ape/notes.txt' has the extension '.txt'", "--skip-bad")  # fmt: skip
        assert contents(shell.outs) == []
        return
    assert ran.code == 0
    assert "left out 5 bad files: ape/bomb.png, ape/cut.png, ape/empty.png, " in ran.out
    odd = "1 file of another format than named, read by the content: "
    assert f"{odd}'ape/other.jpg'" in ran.out
    names = ("bomb.png", "cut.png", "empty.png", "notes.txt", "words.png")
    assert open_set(out).manifest.source.skipped == tuple(f"ape/{name}" for name in names)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1, 5, 0, 1], ["Row 2 of the train split of 'data' has the label 5", "Correct or"]),
        ([0, 1, -1, 0, 1], ["Row 2 of the train split of 'data' has the label -1"]),
        ([0, 1, None, 0, 1], ["Row 2 of the train split of 'data' has the label None"]),
        ([0.5, 1.5], ["'label' of", "holds double values"]),
    ],
)
def test_labels_out_of_range_or_missing_name_the_row(shell, labels, said):
    root = table(shell.root / "data", labels)
    if labels[0] == 0:
        for file in root.glob("*.parquet"):
            plain = pq.ParquetFile(file).read(use_threads=False)
            facts = json.loads(plain.schema.metadata[b"huggingface"])
            facts["info"]["features"]["label"] = {"names": ["ape", "bee"], "_type": "ClassLabel"}
            pq.write_table(plain.replace_schema_metadata({"huggingface": json.dumps(facts)}), file)
    refused(shell.compress("data", shell.outs / "set", "--method", "random"), *said)
    assert contents(shell.outs) == []


def test_parquet_without_the_columns_lists_the_columns(shell):
    for name, columns in {"blind": {"label": [0, 1]}, "mute": {"image": [b"x", b"y"]}}.items():
        (shell.root / name).mkdir()
        pq.write_table(pa.table(columns), shell.root / name / "train.parquet")
    method = ("--method", "random")
    refused(shell.compress("blind", shell.outs / "set", *method),
            "has no image column; its columns are ['label']", "Rename the right")  # fmt: skip
    refused(shell.compress("mute", shell.outs / "set", *method),
            "has no label column; its columns are ['image']")  # fmt: skip
    assert contents(shell.outs) == []


def test_labels_as_text_and_odd_class_names_round_trip(shell):
    names = ["a b", "x/y", "Träumer", "träumer", "train", ":cat:", "[bold]", ".."]
    root = table(shell.root / "data", names * 2)
    out = shell.outs / "set"
    assert shell.compress("data", out, "--method", "random").code == 0
    assert open_set(out).manifest.classes == tuple(sorted(names))
    ran = shell.evaluate(out, root, "--seeds", 1)
    assert ran.code == 0
    for name in names:
        assert f"{name} " in ran.out
    assert shell("verify", out).code == 0
    again = shell.evaluate(out, root, "--seeds", 1)
    assert again.out.splitlines()[0] == ran.out.splitlines()[0]


def test_an_output_that_exists_is_kept(shell, data):
    (shell.outs / "set").mkdir()
    (shell.outs / "set/mine.txt").write_text("mine")
    (shell.outs / "scores.parquet").write_text("mine")
    (shell.outs / "sheet.png").write_text("mine")
    before = contents(shell.outs)
    refused(shell.compress("data", shell.outs / "set"), "/set' exists already", "another name")
    refused(shell("score", "data", shell.outs / "scores.parquet"), "exists already")
    assert shell.compress("data", "small", "--method", "random").code == 0
    refused(shell("show", "small", "--out", shell.outs / "sheet.png"), "exists already")
    assert contents(shell.outs) == before
    assert (shell.outs / "sheet.png").read_text() == "mine"


Spoil = Callable[[Path], object]
EDITS: dict[str, tuple[Spoil, str]] = {
    "manifest edited": (
        lambda s: (s / "manifest.json").write_text(
            (s / "manifest.json").read_text().replace('"squash"', '"crop"')
        ),
        "manifest.json' was edited",
    ),
    "manifest cut": (lambda s: (s / "manifest.json").write_text("{"), "is not valid JSON"),
    "manifest gone": (lambda s: (s / "manifest.json").unlink(), "lacks manifest.json"),
    "plan changed": (
        lambda s: (s / "plan.parquet").write_bytes((s / "plan.parquet").read_bytes()[:-9] + b"x"),
        "plan.parquet",
    ),
    "file missing": (lambda s: (s / "ape/00000.png").unlink(), "ape/00000.png"),
    "file added": (lambda s: picture(1).save(s / "ape/mine.png"), "ape/mine.png"),
    "class added": (lambda s: (s / "dog").mkdir(), "dog/"),
    "file changed": (lambda s: picture(1).save(s / "ape/00000.png"), "ape/00000.png"),
}


def test_a_set_that_was_changed_is_refused_by_verify_and_evaluate(shell, data):
    made = shell.outs / "set"
    assert "'data' has no manifest.json, so it is not a set" in shell("verify", "data").err
    assert shell.compress("data", "whole", "--method", "random").code == 0
    for spoil, said in EDITS.values():
        shutil.copytree("whole", made)
        spoil(made)
        before = contents(shell.outs)
        verified = shell("verify", made)
        assert verified.code == 1
        assert verified.err.startswith("Error: ")
        assert said in verified.err
        assert verified.out == ""
        refused(shell.evaluate(made, data, "--seeds", 1), said)
        assert contents(shell.outs) == before
        shutil.rmtree(made)
    assert not Path("results.jsonl").exists()


def test_test_data_with_other_classes_or_another_order_is_refused(shell):
    made = shell.outs / "set"
    table(shell.root / "data", [0, 1, 2] * 2, names=["ape", "bee", "cow"])
    table(shell.root / "turned", [0, 1, 2] * 2, names=["bee", "ape", "cow"])
    tree(shell.root / "fewer", {"ape": 2, "bee": 2})
    assert shell.compress("data", made, "--method", "random").code == 0
    refused(shell.evaluate(made, "fewer"), "the set has 3 classes and the test data 'fewer' has 2",
            "only in the set: ['cow']", "Test on the data")  # fmt: skip
    refused(shell.evaluate(made, "turned"), "number their classes differently: class 0 is 'ape'",
            "'bee' in the data")  # fmt: skip
    assert not Path("results.jsonl").exists()


def test_a_name_that_the_hub_does_not_have_is_refused(shell, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", shell.root / "hub")
    ran = shell.compress("hf:no/such-set", shell.outs / "set")
    refused(ran, "'hf:no/such-set' could not be read", "Check the name and the network")
