from dataclasses import replace

import pytest
from set_toy import ABOUT, make_dataset, make_plan, write

from smallset.exchange.cards import CARDS


@pytest.fixture
def make(tmp_path):
    def make(factor: int = 1, view: str = ABOUT.view, formats: tuple[str, ...] = ("PNG",)):
        plan, dataset = make_plan(factor=factor), make_dataset(formats=formats)
        codec = "png" if formats == ("PNG",) else "original"
        out, about = tmp_path / f"set{factor}", replace(ABOUT, view=view)
        return write(plan, dataset, out, codec, about=about)

    return make


@pytest.mark.parametrize(
    ("to", "files"),
    [
        ("hub", "data/train-*.parquet"),
        ("imagefolder", "train/*/*.png"),
        ("webdataset", "train-*.tar"),
    ],
)
def test_a_card_has_the_set_s_facts_and_the_layout_s_own_words(make, to, files):
    text = CARDS[to](make())
    front = text.split("---\n")[1]
    assert f'  - split: train\n    path: "{files}"\n' in front
    assert front.startswith('pretty_name: "tiny by pca, 2 images a class"\n')
    assert "\n# tiny by pca, 2 images a class\n" in text
    assert "| Seeds | set 0, observer 1 |\n" in text
    assert "Classes, in index order: `ape`, `bee`, `cow`.\n" in text
    assert text.count("\n## ") == 2
    assert "smallset verify" not in text


@pytest.mark.parametrize("to", sorted({*CARDS} - {"images"}))
def test_a_card_says_the_view_and_the_tiles(make, to):
    text = CARDS[to](make(factor=2))
    assert "a mosaic of 4 tiles, and the view is `patch(scale=(0.08, 1.0))`:" in text
    assert "resized to 6 px" in text
    assert "`smallset.PatchCrop(factor=2)`" in text
    whole = CARDS[to](make(view="canvas"))
    assert "The view is `canvas`: train on whole images" in whole
    assert "PatchCrop" not in whole


def test_the_card_of_single_images_says_their_side_and_the_view_of_the_students(make):
    text = CARDS["images"](make(factor=2))
    assert "Students see images at 6 px, and the view is `patch(scale=(0.08, 1.0))`." in text
    assert "mosaic" not in text


@pytest.mark.parametrize(
    ("factor", "formats", "files"),
    [
        (2, ("PNG",), "24 (8 a class), 3 x 3 px"),
        (4, ("PNG",), "96 (32 a class), 1 to 2 px a side"),
        (1, ("PNG", "JPEG"), "6 (2 a class), each of its own size"),
    ],
)
def test_the_card_of_single_images_counts_its_own_files(make, factor, formats, files):
    text = CARDS["images"](make(factor, formats=formats))
    assert f"| Files | {files} |\n| Images of the set | 6 (2 a class), " in text
    assert "| Image bytes of the set | " in text
    assert "| Compression of the set | " in text


def test_only_what_evaluate_reads_is_said_to_be_evaluated(make):
    made = make()
    command = "smallset evaluate PATH/OF/THIS/FOLDER"
    assert [to for to in CARDS if command in CARDS[to](made)] == ["hub", "imagefolder"]


def test_a_tar_of_several_formats_is_read_under_its_own_ending(make):
    text = CARDS["webdataset"](make(formats=("PNG", "JPEG")))
    assert '.decode(webdataset.imagehandler("pil", ["image"]))' in text
    assert 'split="train").cast_column("image", Image())' in text
    assert '.to_tuple("image", "cls", "json")' in text
    one = CARDS["webdataset"](make(factor=2))
    assert '.decode("pil")' in one
    assert '.to_tuple("png", "cls", "json")' in one


def test_the_folder_of_a_single_class_is_still_a_class(make):
    made = make()
    assert "drop_labels" not in CARDS["imagefolder"](made)
    alone = replace(made, manifest=replace(made.manifest, counts=(0, 6, 0)))
    assert "drop_labels=False" in CARDS["imagefolder"](alone)
