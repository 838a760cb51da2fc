import re
from dataclasses import replace

import pytest
import yaml
from huggingface_hub import DatasetCard

from smallset.store import Manifest
from smallset.store.card import card


@pytest.fixture
def manifest(made) -> Manifest:
    return made.manifest


def test_the_hub_reads_the_front_matter(manifest):
    data = DatasetCard(card(manifest)).data.to_dict()
    assert data["pretty_name"] == "tiny by pca, 2 images a class"
    assert data["license"] == "unknown"
    assert data["task_categories"] == ["image-classification"]
    assert data["size_categories"] == ["n<1K"]
    assert data["configs"][0]["data_files"] == [{"split": "train", "path": "*/*.png"}]


def test_the_card_says_counts_bytes_ratios_and_view(manifest):
    text = card(manifest)
    for part in (
        "6 (2 a class), 6 x 6 px",
        f"{manifest.image_bytes:,} (png)",
        "2.0 x in images",
        f"{manifest.source.bytes / manifest.image_bytes:,.1f} x in image bytes",
        "`pca(score=el2n(epochs=10), factor=2)`",
        "set 0, observer 1",
        "`patch(scale=(0.08, 1.0))`",
        "smallset.PatchCrop",
        "1 bad file left out",
        "`ape`, `bee`, `cow`.",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) < 200


def test_the_canvas_view_says_how_to_train(manifest):
    text = card(replace(manifest, view="canvas"))
    assert "The view is `canvas`" in text
    assert "PatchCrop" not in text


@pytest.mark.parametrize("name", ['- a: "b"', "a\nb|c", "`x`", "\x85\udcff", "null", "a#b/"])
def test_odd_names_break_neither_yaml_nor_table(manifest, name):
    odd = replace(
        manifest,
        method=name,
        classes=(name, "b", "c"),
        source=replace(manifest.source, given=name, held_out=name),
    )
    text = card(odd)
    front = text.split("---\n")[1]
    assert yaml.safe_load(front)["task_categories"] == ["image-classification"]
    assert text.encode()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 11
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)


def test_many_classes_are_counted_and_not_listed(manifest):
    names = tuple(f"c{i:04d}" for i in range(1000))
    many = replace(manifest, classes=names, folders=names, counts=(10,) * 1000)
    text = card(many)
    assert "`c0049` and 950 more, in `manifest.json`." in text
    assert "10K<n<100K" in text


def test_classes_of_different_counts_say_from_to(manifest):
    assert "6 (1 to 3 a class)" in card(replace(manifest, counts=(1, 2, 3)))
