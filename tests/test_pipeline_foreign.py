"""Sets without a manifest, from Python and from the command line, and exports read back."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from cli_toy import TINY, Shell, picture, refused, tree

import smallset
from smallset.desk import Desk, desk_for
from smallset.evidence.lines import read_lines
from smallset.pipeline.foreign import Reading, training_set
from smallset.records import Result
from smallset.store import TrainingSet
from smallset.train import loop

NUMBERS = dict.fromkeys(("0", "1", "2"), 2)


@pytest.fixture
def shell(shell, data) -> Shell:
    """A shell in a folder with data/ (8 px, three classes) and theirs/ (two images of each)."""
    tree(shell.root / "theirs", dict.fromkeys(reversed(TINY), 2), test={})
    return shell


@pytest.fixture
def desk(shell) -> Desk:
    return desk_for(device="cpu", precision="float32", workers=1)


def opened(desk: Desk, given: str = "theirs", **changes: object) -> TrainingSet:
    made, _ = training_set(given, "data", desk, Reading(**changes))
    return made


def test_a_foreign_set_is_evaluated_and_its_results_are_found_again(shell, monkeypatch):
    assert shell.evaluate("theirs", "data", "--seeds", 1).code == 0
    (result,) = read_lines(Path("results.jsonl"), Result)
    assert (result.method, result.spec, result.set_seed) == ("foreign", "foreign(theirs)", None)
    assert (result.images, result.ipc, result.size) == (6, 2, 8)
    assert result.classes == tuple(TINY)
    assert result.view == "canvas(scale=(0.08, 1.0), ratio=(0.75, 1.3333333333333333), flip=0.5)"
    assert result.cost.images == sum(f.stat().st_size for f in Path("theirs").rglob("*.png"))
    monkeypatch.setattr(loop, "fit", None)
    again = smallset.evaluate("theirs", "data", student="resnet8", seeds=1, results="results.jsonl")
    assert again == [result]


def test_the_patch_view_needs_a_factor_and_takes_the_tiles_of_our_mosaics(desk):
    with pytest.raises(
        ValueError, match=r"needs to know the tiles, and the set 'theirs' .*--facto"
    ):
        opened(desk, view="patch")
    made = opened(desk, view="patch(flip=0)", factor=2)
    ours = smallset.compress("data", "ours", method="random(factor=2)", ipc=1)
    assert np.array_equal(made.tile_box[0], ours.tile_box[0])
    assert made.facts.view.startswith("patch(")
    assert made.digest != opened(desk, view="patch(flip=0)", factor=1).digest


def test_tiles_that_the_view_does_not_look_at_are_an_error(desk):
    with pytest.raises(
        ValueError, match=r"--factor 2 says where .* sees whole images\. Leave --fac"
    ):
        opened(desk, factor=2)
    with pytest.raises(ValueError, match="factor=0 is too small"):
        opened(desk, view="patch", factor=0)
    with pytest.raises(ValueError, match="a canvas of 8 px has no room for 9 tiles a side"):
        opened(desk, view="patch", factor=9)
    with pytest.raises(ValueError, match=r"there is no view 'pach'\. Did you mean 'patch'"):
        opened(desk, view="pach")


def test_images_of_several_sizes_need_a_size(desk):
    picture(7, 5).save("theirs/train/ape/other.png")
    with pytest.raises(
        ValueError,
        match=r"not squares of one size \(from 5 to 8 px wide, .* have 8 px\. Give --size",
    ):
        opened(desk)
    assert opened(desk, size=4).facts.size == 4
    with pytest.raises(ValueError, match="size=0 is too small"):
        opened(desk, size=0)


def test_oblong_images_of_one_size_need_a_size_too(desk):
    for path in Path("theirs").rglob("*.png"):
        picture(1).resize((8, 6)).save(path)
    with pytest.raises(ValueError, match=r"\(from 8 to 8 px wide, from 6 to 6 px high\)"):
        opened(desk)


def test_classes_that_do_not_map_are_all_listed_unless_a_file_maps_them(shell):
    tree(shell.root / "numbers", NUMBERS, test={})
    ran = shell.evaluate("numbers", "data")
    refused(ran, "only in the set: '0', '1', '2'; only in the data: 'ape', 'bee', 'cow'")
    pairs = {"names": ["cow", "ape", "bee"], "wnids": ["0", "1", "2"]}
    Path("classes.json").write_text(json.dumps(pairs))
    ran = shell.evaluate("numbers", "data", "--seeds", 1, "--classes", "classes.json")
    assert ran.code == 0
    refused(shell.evaluate("numbers", "data", "--classes", "no.json"), "'no.json' does not exist")


def test_data_that_holds_out_by_content_cannot_judge_a_foreign_set(shell):
    tree(shell.root / "whole", test={})
    refused(
        shell.evaluate("theirs", "whole"),
        "the data 'whole' has no test split of its own, and the set 'theirs' may hold images",
    )


def test_a_manifest_is_not_contradicted(desk):
    smallset.compress("data", "ours", method="random(factor=2, view=patch)", ipc=1)
    assert opened(desk, "ours", view="patch", size=8, factor=2).facts.size == 8
    with pytest.raises(ValueError, match="manifest of the set 'ours' says otherwise") as caught:
        opened(desk, "ours", view="canvas", size=9, factor=1, classes=Path("x.json"))
    assert str(caught.value).startswith("--view canvas (it says 'patch(")
    for text in ("--size 9 (it says 8 px)", "--factor 1 (its images have 4 tiles)", "--classes x"):
        assert text in str(caught.value)


@pytest.mark.parametrize("to", ["hub", "imagefolder"])
def test_results_of_an_export_are_those_of_the_set(shell, to):
    assert shell.compress("data", "ours", "--method", "random(factor=2, view=patch)").code == 0
    assert shell("export", "ours", "out", "--to", to).code == 0
    for given in ("ours", "out"):
        assert shell.evaluate(given, "data", "--seeds", 1).code == 0
    assert len(read_lines(Path("results.jsonl"), Result)) == 1


def test_a_set_that_is_missing_or_lost_its_manifest_is_an_error(shell):
    refused(shell.evaluate("no", "data"), "'no' does not exist. Give the folder")
    assert shell.compress("data", "ours", "--method", "random").code == 0
    Path("ours/manifest.json").unlink()
    refused(
        shell.evaluate("ours", "data"),
        "'ours' is a set that smallset wrote, but lacks manifest.json",
    )
    refused(shell.evaluate("hf:", "data"), "'hf:'; needed the name of a data set on the Hugging")


@pytest.mark.slow
def test_wordnet_folders_of_real_images_map_to_the_names_of_imagenette(real_data, desk):
    source = real_data / "imagenette-224"
    shards = [pq.ParquetFile(source / f"train-0000{shard}-of-00002.parquet") for shard in (0, 1)]
    wnids = json.loads((source / "classes.json").read_text())["wnids"]
    rows = [b[:1].to_pylist()[0] for file in shards for b in file.iter_batches(20)]
    for number, row in enumerate(rows):
        folder = Path("published/train") / wnids[row["label"]]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:04d}.JPEG").write_bytes(row["image"]["bytes"])
    expected = sorted(row["label"] for row in rows)
    assert set(expected) == set(range(10))
    reading = Reading(size=64, classes=source / "classes.json")
    made, data = training_set("published", source, desk, reading)
    assert made.dataset.labels.tolist() == expected
    assert made.facts.classes == data.train.classes.names
    assert (len(made.dataset), made.facts.size) == (len(rows), 64)
