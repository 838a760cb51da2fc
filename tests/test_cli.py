"""Commands that succeed: what they write, print, reuse and promise in their help."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from cli_toy import QUICK, TINY, contents, picture, refused, results, tree
from PIL import Image

from smallset import cli, pipeline
from smallset.budget import BUDGETS
from smallset.evidence.lines import read_lines
from smallset.methods import METHODS
from smallset.models import MODELS
from smallset.mosaic import MOSAICS
from smallset.observers import observed as observers
from smallset.records import Result
from smallset.scores import SCORES
from smallset.scores.table import read_scores
from smallset.store import open_set
from smallset.synthesis.pools import POOLS
from smallset.train import loop
from smallset.train.protocol import PROTOCOLS
from smallset.train.views import VIEWS

PACKAGE = Path(__file__).parents[1]


def hashes(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in contents(folder)
        if (folder / name).is_file()
    }


def test_the_same_command_in_another_process_writes_the_same_bytes(shell, data):
    words = ["--ipc", "1", "--method", QUICK, "--work"]
    assert shell("compress", "data", "one", *words, "work-one").code == 0
    ran = subprocess.run(
        [sys.executable, "-m", "smallset", "compress", "data", "other", *words, "work-other"],
        env=os.environ | {"PYTHONPATH": str(PACKAGE), "OMP_NUM_THREADS": "1", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr
    assert re.search(r"^in all +\d+\.\d s$", ran.stderr, re.M)
    one, other = hashes(Path("one")), hashes(Path("other"))
    assert len(one) == 3 + 3
    assert one == other


def test_another_seed_draws_another_random_set_and_the_same_seed_the_same(shell, data):
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        ran = shell.compress("data", out, "--method", "random", "--seed", seed)
        assert ran.code == 0
        assert results(ran.out).startswith(f"wrote {out}: 3 images of 8 px in 3 classes")
    assert hashes(Path("a")) == hashes(Path("b"))
    assert open_set(Path("a")).plan.source.tolist() != open_set(Path("c")).plan.source.tolist()


def test_the_manifest_says_what_was_given(shell, data):
    method = "pca(score=el2n(epochs=1, observer=observer(epochs=1, seed=4)), factor=2)"
    given = ["--size", 12, "--fit", "pad", "--codec", "jpeg:80", "--seed", 7, "--workers", 1,
             "--precision", "float32", "--method", method]  # fmt: skip
    assert shell.compress("data", "set", *given).code == 0
    m = open_set(Path("set")).manifest
    assert (m.method, m.size, m.fit, m.codec, m.precision) == (
        method, 12, "pad", "jpeg:80", "float32")  # fmt: skip
    assert (m.seeds.set, m.seeds.observer, m.ipc) == (7, 4, 1)
    assert m.spec.startswith("prune(score=el2n(epochs=1, runs=1, observer=observer(")
    assert m.made_with["observer"] == (
        "observer(model=resnet8, epochs=1, recipe=observer-v1, snapshots=1, seed=4)"
    )
    assert (m.source.given, m.source.held_out) == ("data", "test split of the source")
    assert m.view.startswith("patch(")


def test_scores_of_one_run_are_columns_of_one_table(shell, data):
    short = "observer=observer(epochs=3)"
    specs = [f"tdds({short}, window=3)", f"forgetting({short})", f"el2n(epochs=(1, 3), {short})"]
    ran = shell("score", "data", "scores.parquet", "--scores", ",".join(specs))
    assert ran.code == 0, ran.err
    assert len(shell.observers()) == 1
    assert list(read_scores(Path("scores.parquet"))) == specs
    code = "import pandas; print(*pandas.read_parquet('scores.parquet').columns, sep='|')"
    # Its threads may abort the process at its end, after it has said what there is.
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert read.stdout.strip() == "|".join(["index", "label", *specs]), read.stderr


def test_scores_are_written_once_and_used_by_compress(shell, data, monkeypatch):
    spec = "el2n(epochs=1, observer=observer(epochs=1))"
    ran = shell("score", "data", "scores.parquet", "--scores", f"{spec}, {spec[:-2]}, seed=1))")
    assert ran.code == 0
    assert f"{spec}: 24 images, easiest 0." in ran.out
    assert ran.out.endswith("wrote scores.parquet\n")
    scores = read_scores(Path("scores.parquet"))
    assert set(scores) == {spec, f"{spec[:-2]}, seed=1))"}
    monkeypatch.setattr(observers, "_train", None)
    assert shell.compress("data", "set", "--method", f"pca(score={spec})").code == 0
    best = np.lexsort((scores[spec].values, np.repeat(range(3), 8))).reshape(3, 8)[:, :4]
    assert np.array_equal(open_set(Path("set")).plan.source, best)


def test_evaluate_trains_only_what_is_not_in_the_results(shell, data, monkeypatch):
    trained, fit = [], loop.fit

    def counted(*arguments: object, **options: object) -> object:
        trained.append(options["seeds"])
        return fit(*arguments, **options)

    monkeypatch.setattr(loop, "fit", counted)
    assert shell.compress("data", "set", "--method", "random").code == 0
    first = shell.evaluate("set", data, "--seeds", 2)
    assert (first.code, len(trained)) == (0, 2)
    again = shell.evaluate("set", data, "--seeds", 2)
    assert (again.code, len(trained), again.out) == (0, 2, first.out)
    assert shell.evaluate("set", data, "--seeds", 3).code == 0
    assert len(trained) == 3
    words = ("evaluate", "set", "--data", data, "--seeds", 1)
    assert shell(*words, "--student", "resnet8-no").code == 1
    found = read_lines(Path("results.jsonl"), Result)
    assert [r.student_seed for r in found] == [0, 1, 2]
    assert found[0].steps == 2
    assert "resnet8 on random, small-v1, hard labels" in first.out
    assert "2 students on one set: the interval covers the variation of students" in first.out
    assert "results: results.jsonl" in first.out
    shell.evaluate("set", data, "--seeds", 1, "--results", "elsewhere.jsonl")
    assert read_lines(Path("elsewhere.jsonl"), Result)[0].top1 == found[0].top1


def test_images_of_every_kind_are_seen_as_a_person_sees_them(shell, data):
    """Every class holds one picture in several modes, so that any draw must show that picture."""
    grey = np.arange(0, 256, 4, np.uint8).reshape(8, 8)
    for file in data.rglob("*.png"):
        file.unlink()
    for split in ("train", "test"):
        rgb = picture(3)
        turned = Image.Exif()
        turned[0x0112] = 6
        save = data / split / "ape"
        Image.fromarray(grey).save(save / "grey.png")
        Image.fromarray(grey.astype(np.uint16) * 257).save(save / "deep.png")
        Image.fromarray(grey).convert("RGB").quantize(256, dither=0).save(save / "palette.png")
        rgb.save(data / split / "bee/rgb.png")
        rgb.convert("RGBA").save(data / split / "bee/rgba.png")
        rgb.rotate(90).save(data / split / "bee/exif.png", exif=turned)
        Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(data / split / "cow/cmyk.tif")
        Image.new("RGB", (8, 8), (0, 255, 255)).save(data / split / "cow/rgb.png")
        Image.new("RGBA", (8, 8), (0, 255, 255, 255)).save(
            data / split / "cow/rgba.webp", lossless=True
        )
    assert shell("compress", data, "set", "--ipc", 2, "--method", "random").code == 0
    assert shell("compress", data, "all", "--ipc", 3, "--method", "random").code == 0
    for name, per_class in (("set", 2), ("all", 3)):
        images = open_set(Path(name)).images().reshape(3, per_class, 8, 8, 3)
        assert (images[0] == grey[:, :, None]).all()
        assert (images[1] == np.asarray(rgb)).all()
        assert (images[2] == [0, 255, 255]).all()


def test_hugging_face_datasets_reads_a_set_with_the_same_classes(shell, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", shell.root / "hub")
    tree(shell.root / "data", {"b-2": 4, "a 10": 4, "train": 4, "Cow": 4})
    assert shell.compress("data", "set", "--method", "random").code == 0
    made = open_set(Path("set"))
    loaded = datasets.load_dataset("imagefolder", data_dir="set", split="train")
    assert loaded.features["label"].names == list(made.manifest.folders)
    assert sorted(loaded["label"]) == [0, 1, 2, 3]
    by_label = {row["label"]: np.asarray(row["image"]) for row in loaded}
    for image, label in zip(made.images(), made.labels, strict=True):
        assert np.array_equal(by_label[int(label)], image)


def test_verify_and_show_say_what_they_did(shell, data):
    assert shell.compress("data", "set", "--method", "random").code == 0
    size = open_set(Path("set")).manifest.image_bytes
    said = f"set: 3 image files, {size:,} bytes, every hash and count agrees\n"
    assert shell("verify", "set").out == said
    assert shell("show", "set").out == "wrote set.png\n"
    assert shell("show", "set", "--out", "a.png").out == "wrote a.png\n"
    with Image.open("a.png") as sheet:
        assert sheet.width > 8
    assert contents(shell.root)[:1] == ["a.png"]


@pytest.mark.parametrize(("size", "factor"), [(31, 2), (32, 3)])
def test_a_size_that_the_factor_does_not_divide_works(shell, size, factor):
    tree(shell.root / "data", dict.fromkeys(TINY, 9))
    method = f"random(factor={factor}, view=patch)"
    assert shell.compress("data", "set", "--size", size, "--method", method).code == 0
    assert open_set(Path("set")).images().shape == (3, size, size, 3)
    assert shell("verify", "set").code == 0


def test_no_cache_keeps_no_pixels_and_changes_nothing(shell, data):
    assert shell.compress("data", "one", "--method", QUICK, "--cache", "none").code == 0
    assert not (shell.work / "pixels").exists()
    for folder in (shell.work / "observers").iterdir():
        for file in folder.iterdir():
            file.unlink()
    assert shell.compress("data", "other", "--method", QUICK).code == 0
    assert (shell.work / "pixels").exists()
    assert hashes(Path("one")) == hashes(Path("other"))


def test_list_names_every_entry_with_a_line(shell, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ran = shell("list")
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    for title, tables in {
        "methods": METHODS, "scores": SCORES, "views": VIEWS, "students": MODELS,
        "protocols": PROTOCOLS, "budgets": BUDGETS, "mosaics": MOSAICS, "pools": POOLS,
    }.items():  # fmt: skip
        assert f"\n{title}\n" in f"\n{ran.out}"
        for name in tables:
            assert re.search(rf"^ +{re.escape(name)} +\S", ran.out, re.M), name


@pytest.mark.parametrize("command", ["", *cli.app.commands])
def test_help_fits_80_columns_and_names_every_option(shell, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    ran = shell(*command.split(), "--help")
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    shown = cli.app.commands[command].params if command else []
    for parameter in shown:
        names = [*parameter.opts, *parameter.secondary_opts]
        for name in [parameter.metavar] if parameter.param_type_name == "argument" else names:
            assert (name in ran.out) is not getattr(parameter, "hidden", False), name
    if not command:  # a first line that is too long would end in "..."
        assert "..." not in ran.out.replace("[ARGS]...", "")
        listed = re.findall(r"^  (\w+)  +[A-Z]", ran.out, re.M)
        assert listed == list(cli.app.commands)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compres"], "No such command 'compres'. (Did you mean one of: 'compress'"),
        (["compress", "digits"], "Missing argument 'OUT'"),
        (["compress", "digits", "x", "--ipd", "3"], "No such option '--ipd'"),
        (["compress", "digits", "x", "--ipc", "few"], "Invalid value for '--ipc'"),
        (["compress", "digits", "x", "--ipc", "0"], "'--ipc': 0 is not in the range x>=1"),
        (["compress", "digits", "x", "--seed", "-1"], "'--seed': -1 is not in the range x>=0"),
        (["evaluate", "x", "--data", "y", "--seeds", "0"], "0 is not in the range x>=1"),
        (["bench", "demo", "x", "--workers", "-1"], "-1 is not in the range x>=0"),
        (["compress", "digits", "x", "--precision", "half"], "'half' is not one of 'auto', 'fl"),
        (["compress", "digits", "x", "--fit", "zoom"], "'zoom' is not one of 'squash'"),
        (["bench", "demo", "x", "--jobs", "2"],
         "Error: There is no option --jobs. Use --workers instead."),
        (["compress", "digits", "x", "--jobs", "2"], "no option --jobs. Use --workers instead."),
        (["report", "x", "--jobs", "2"], "No such option '--jobs'"),
        (["verify", "x", "--jobs", "2"], "No such option '--jobs'"),
        (["evaluate", "x"], "Missing option '--data'"),
        (["export", "x", "y"], "Missing option '--to'"),
        (["train", "x", "y"], "Missing option '--model'"),
        (["report", "x", "--format", "pdf"], "'pdf' is not one of 'markdown'"),
    ],
)  # fmt: skip
def test_usage_errors_say_what_is_wrong_and_exit_2(shell, words, said):
    ran = shell(*words)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert contents(shell.root) == []


def test_a_set_made_without_bad_files_is_evaluated_without_them_too(shell, data):
    (shell.root / "data/train/ape/broken.png").write_bytes(b"")
    assert shell.compress("data", "set", "--method", "random", "--skip-bad").code == 0
    refused(shell.evaluate("set", "data", "--seeds", 1), "broken.png", "--skip-bad")
    ran = shell.evaluate("set", "data", "--seeds", 1, "--skip-bad", "--cache", "none")
    assert ran.code == 0, ran.err
    assert not list(shell.work.rglob("*test*8*"))


def test_a_set_of_data_without_a_test_split_is_not_tested_on_data_that_grew(shell):
    tree(shell.root / "split", test={})
    (shell.root / "split/train").rename(shell.root / "data")
    assert shell.compress("data", "set", "--method", "random").code == 0
    assert shell.evaluate("set", "data", "--seeds", 1).code == 0
    Image.new("RGB", (8, 8), "red").save(shell.root / "data/ape/new.png")
    refused(
        shell.evaluate("set", "data", "--seeds", 1),
        "another state of the data than 'data'",
        "may hold images of the set",
        "Restore the data, give --skip-bad and --drop-leaks as when the set was made, or make the",
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory. Use a smaller --size or fewer --workers."),
        (
            torch.OutOfMemoryError("CUDA out of memory.\nmore"),
            "CUDA out of memory. Use a smaller --size or student, or --device cpu.",
        ),
    ],
)
def test_running_out_of_memory_is_one_line(shell, monkeypatch, error, said):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "compress", fail)
    refused(shell.compress("digits", "set"), said)
