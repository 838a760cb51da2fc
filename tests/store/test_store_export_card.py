from dataclasses import replace

import pytest

from smallset.store import Codec, write
from smallset.store.export_card import CARDS


@pytest.fixture
def manifest(make_dataset, make_plan, about, tmp_path):
    made = write(
        make_plan(), make_dataset(), tmp_path / "set", codec=Codec("png"), about=about, workers=1
    )
    return made.manifest


@pytest.mark.parametrize(
    ("to", "files"),
    [
        ("hub", "data/train-*.parquet"),
        ("imagefolder", "train/*/*.png"),
        ("webdataset", "train-*.tar"),
    ],
)
def test_a_card_has_the_set_s_facts_and_the_layout_s_own_words(manifest, to, files):
    text = CARDS[to](manifest, 4)
    front = text.split("---\n")[1]
    assert f'  - split: train\n    path: "{files}"\n' in front
    assert front.startswith('pretty_name: "tiny by pca, 2 images a class"\n')
    assert "\n# tiny by pca, 2 images a class\n" in text
    assert "| Seeds | set 0, observer 1 |\n" in text
    assert "Classes, in index order: `ape`, `bee`, `cow`.\n" in text
    assert text.count("\n## ") == 2
    assert "smallset verify" not in text


@pytest.mark.parametrize("to", CARDS)
def test_a_card_says_the_view_and_the_tiles(manifest, to):
    text = CARDS[to](manifest, 4)
    assert "a mosaic of 4 tiles, and the view is `patch(scale=(0.08, 1.0))`:" in text
    assert "resized to 6 px" in text
    assert "`smallset.PatchCrop(factor=2)`" in text
    whole = CARDS[to](replace(manifest, view="canvas"), 1)
    assert "The view is `canvas`: train on whole images" in whole
    assert "PatchCrop" not in whole


def test_only_what_evaluate_reads_is_said_to_be_evaluated(manifest):
    command = "smallset evaluate PATH/OF/THIS/FOLDER"
    assert [to for to in CARDS if command in CARDS[to](manifest, 1)] == ["hub", "imagefolder"]
