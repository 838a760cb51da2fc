"""Every export, read back by the libraries that it is for: pixels, labels, class names, order."""

import io
import json
import os
import re
import tarfile
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image
from set_toy import make_dataset, make_plan, write
from store_toy import ODD, by_card, pixels_of, run_card

from smallset.exchange import export
from smallset.exchange.export import FORMATS, export_set
from smallset.records import Plan
from smallset.store import CompressedDataset

MIXED = ("PNG", "JPEG", "WEBP")
CODECS = {"png": None, "jpeg:90": None, "webp:90": None, "original": ("PNG",), "mixed": MIXED}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


@pytest.fixture
def make(tmp_path):
    def make(
        names: tuple[str, ...] = ("ape", "bee", "cow"),
        codec: str = "png",
        counts: tuple[int, ...] | None = None,
    ) -> CompressedDataset:
        plan, dataset = make_plan(len(names)), make_dataset(names)
        if codec in ("original", "mixed"):
            dataset, codec = make_dataset(names, formats=CODECS[codec]), "original"
        if counts is not None:
            plan = of_counts(make_plan(len(names), ipc=4), counts)
        return write(plan, dataset, tmp_path / "set", codec, may_vanish=True)

    return make


def of_counts(plan: Plan, counts: tuple[int, ...]) -> Plan:
    ipc = len(plan.label) // len(counts)
    return plan.take([c * ipc + i for c, count in enumerate(counts) for i in range(count)])


def by_rank(made: CompressedDataset) -> np.ndarray:
    """The first image of every class, then the second: the order of a tar."""
    rank = [int(Path(file.path).stem) for file in made.files]
    return np.lexsort((made.labels, rank))


def check(images: list[Image.Image], labels: list[int], made: CompressedDataset) -> None:
    assert list(labels) == made.labels.tolist()
    np.testing.assert_array_equal(pixels_of(images), made.images(workers=1))


def read_hub(out: Path, made: CompressedDataset) -> None:
    for data in (by_card(out), datasets.load_dataset(str(out), split="train")):
        assert data.features["label"].names == list(made.manifest.classes)
        check(data["image"], data["label"], made)


def read_imagefolder(out: Path, made: CompressedDataset) -> None:
    """With `datasets`, and by the rule of torchvision's `find_classes` and `make_dataset`."""
    m = made.manifest
    folders = [folder for folder, count in zip(m.folders, m.counts, strict=True) if count]
    found = [by_card(out)]
    if len(folders) > 1:
        found.append(datasets.load_dataset(str(out), split="train"))
    for data in found:
        names = data.features["label"].names
        assert names == folders
        check(data["image"], [index_of(names[label], made) for label in data["label"]], made)
    root = out / "train"
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    assert classes == folders
    paths = [
        (Path(folder) / name, label)
        for label, target in enumerate(classes)
        for folder, _, names in sorted(os.walk(root / target, followlinks=True))
        for name in sorted(names)
    ]
    images = [Image.open(path) for path, _ in paths]
    check(images, [index_of(classes[label], made) for _, label in paths], made)


def index_of(folder: str, made: CompressedDataset) -> int:
    """A reader's own index of a class, or the index at the front if the card says to take that."""
    if made.manifest.vanished:
        return int(folder.partition("_")[0])
    return made.manifest.folders.index(folder)


def read_webdataset(out: Path, made: CompressedDataset) -> None:
    """With `datasets`, with `webdataset` if it is installed, and from the tar as that groups it."""
    order = by_rank(made)
    images, labels = made.images(workers=1)[order], made.labels[order].tolist()
    names = json.loads((out / "classes.json").read_text(encoding="utf-8"))["names"]
    assert names == list(made.manifest.classes)
    endings = {file.path.rpartition(".")[2] for file in made.files}
    ending = endings.pop() if len(endings) == 1 else "image"
    data = by_card(out)
    assert data["cls"] == labels
    np.testing.assert_array_equal(pixels_of(data[ending]), images)
    assert [facts["file"] for facts in data["json"]] == [made.files[row].path for row in order]
    plain = datasets.load_dataset(str(out), split="train")
    assert (len(plain), plain["cls"]) == (len(made), labels)
    samples = grouped(out)
    assert [int(sample["cls"]) for sample in samples] == labels
    opened = [Image.open(io.BytesIO(sample[ending])) for sample in samples]
    np.testing.assert_array_equal(pixels_of(opened), images)
    for streamed in by_webdataset(out):
        assert [label for _, label, _ in streamed] == labels
        np.testing.assert_array_equal(pixels_of([image for image, _, _ in streamed]), images)


def grouped(out: Path) -> list[dict[str, bytes]]:
    """Group the entries of the shards by key, as webdataset's `group_by_keys` does."""
    samples: list[dict[str, bytes]] = []
    last = None
    for shard in sorted(out.glob("train-*.tar")):
        with tarfile.open(shard) as tar:
            for entry in tar:
                key, ending = re.fullmatch(r"((?:.*/|)[^.]+)[.]([^/]*)", entry.name).groups()
                if key != last:
                    samples.append({})
                last = key
                assert ending not in samples[-1]
                samples[-1][ending] = tar.extractfile(entry).read()
    return samples


def by_webdataset(out: Path) -> list[list[tuple[Image.Image, int, dict]]]:
    """What the card's stream gives, in whole; none if the library is not installed."""
    ran = [names for names in run_card(out) if "webdataset" in names]
    (ending,) = {name.partition(".")[2] for name in names_in(out)} - {"cls", "json"}
    return [list(names["data"].to_tuple(ending, "cls", "json")) for names in ran]


def names_in(out: Path) -> list[str]:
    with tarfile.open(out / "train-000000.tar") as tar:
        return tar.getnames()


READ = {"hub": read_hub, "imagefolder": read_imagefolder, "webdataset": read_webdataset}


def test_every_format_of_a_set_is_read_back():
    assert {*READ, "images"} == set(FORMATS)


@pytest.mark.parametrize("to", READ)
@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_comes_back(make, tmp_path, to, codec):
    made = make(codec=codec)
    export_set(made, tmp_path / "out", to=to)
    READ[to](tmp_path / "out", made)


@pytest.mark.parametrize("to", READ)
@pytest.mark.parametrize("kind", ODD)
def test_odd_class_names_come_back(make, tmp_path, to, kind):
    made = make(ODD[kind])
    export_set(made, tmp_path / "out", to=to)
    READ[to](tmp_path / "out", made)


@pytest.mark.parametrize("to", READ)
@pytest.mark.parametrize("codec", ["png", "mixed"])
@pytest.mark.parametrize("counts", [(3, 1, 4), (0, 4, 1), (2, 0, 0)])
def test_unbalanced_sets_come_back(make, tmp_path, to, codec, counts):
    made = make(codec=codec, counts=counts)
    export_set(made, tmp_path / "out", to=to)
    READ[to](tmp_path / "out", made)


def test_formats_that_differ_late_still_share_their_ending(make, tmp_path):
    """`datasets` compares the columns of the first five samples only."""
    made = make(("a", "b", "c", "d", "e", "f", "g"), codec="mixed", counts=(1,) * 6 + (2,))
    assert {file.path.rpartition(".")[2] for file in made.files[:1]} == {"png"}
    export_set(made, tmp_path / "out", to="webdataset")
    assert {name.partition(".")[2] for name in names_in(tmp_path / "out")} == {
        "image", "cls", "json"
    }  # fmt: skip
    read_webdataset(tmp_path / "out", made)


def test_the_train_folder_of_an_imagefolder_holds_class_folders_with_images_only(make, tmp_path):
    """As a reader wants that takes every entry of a folder for a class, the authors' own."""
    made = make(ODD["ours"], codec="mixed")
    export_set(made, tmp_path / "out", to="imagefolder")
    classes = sorted(os.listdir(tmp_path / "out" / "train"))
    assert classes == list(made.manifest.folders)
    for name in classes:
        for path in (tmp_path / "out" / "train" / name).iterdir():
            with Image.open(path) as image:
                image.load()


@pytest.mark.parametrize("to", ["hub", "webdataset"])
def test_all_shards_come_back(make, tmp_path, monkeypatch, to):
    monkeypatch.setattr(export, "SHARD_BYTES", 250)
    made = make(codec="mixed")
    export_set(made, tmp_path / "out", to=to)
    assert len(list((tmp_path / "out").rglob("train-*"))) > 1
    READ[to](tmp_path / "out", made)
