import hashlib
import shutil
from dataclasses import replace
from fnmatch import fnmatch

import numpy as np
import pytest
from set_toy import write

from smallset.store import Codec, open_set, render
from smallset.store.agreement import contradictions
from smallset.store.manifest import MANIFEST


def test_images_come_back_in_the_plans_order(made, plan, dataset):
    again = open_set(made.path)
    want = np.stack([render(plan, row, dataset) for row in range(6)])
    np.testing.assert_array_equal(again.images(), want)
    np.testing.assert_array_equal(again.images(workers=1), want)
    np.testing.assert_array_equal(again.labels, plan.label)
    np.testing.assert_array_equal(again.tile_box, plan.tile_box)
    assert len(again) == 6


def test_chosen_images_come_in_the_order_asked(made):
    np.testing.assert_array_equal(made.images(np.array([4, 0])), made.images()[[4, 0]])
    assert made.images(np.array([], dtype=np.int64)).shape == (0, 6, 6, 3)


def test_a_set_can_be_moved(made, tmp_path):
    shutil.move(made.path, tmp_path / "else")
    assert open_set(tmp_path / "else").images().shape == (6, 6, 6, 3)


@pytest.mark.parametrize("codec", ["jpeg:90", "webp:90"])
def test_lossy_sets_are_near(tmp_path, plan, dataset, codec):
    made = write(plan, dataset, tmp_path / "o", codec)
    assert all(fnmatch(f.path, f"*/{Codec.parse(codec).files}") for f in made.files)
    assert made.images().shape == (6, 6, 6, 3)


def test_what_is_not_a_set_is_an_error_that_says_why(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"/no' does not exist\. Give the folder that"):
        open_set(tmp_path / "no")
    with pytest.raises(ValueError, match="is not a set that smallset wrote"):
        open_set(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=r"/file' is a file, but a set is a folder\. Give"):
        open_set(tmp_path / "file")


def test_a_missing_image_is_found_when_the_set_is_opened(made):
    (made.path / "bee/00001.png").unlink()
    with pytest.raises(ValueError, match=r"lacks file 'bee/00001\.png'\. Restore .*smallset verif"):
        open_set(made.path)


@pytest.mark.parametrize(
    "name", ["bee/00009.png", "notes.txt", "dog/", "bee/inner/", ".DS_Store", "README.md.bak"]
)
def test_an_added_file_or_folder_is_found_when_the_set_is_opened(made, name):
    added = made.path / name
    added.mkdir() if name.endswith("/") else added.touch()
    with pytest.raises(ValueError, match=f"has the additional file '{name}'"):
        open_set(made.path)


def test_the_card_may_be_edited_or_removed(made):
    (made.path / "README.md").write_text("mine")
    assert open_set(made.path).files == made.files
    (made.path / "README.md").unlink()
    (made.path / ".gitattributes").touch()
    assert open_set(made.path).files == made.files


def test_a_changed_image_is_found_when_it_is_read(made):
    file = made.path / "cow/00000.png"
    file.write_bytes((made.path / "cow/00001.png").read_bytes())
    with pytest.raises(
        ValueError,
        match=r"'cow/00000\.png' of the set '.*' was changed after it was written\. Rest",
    ):
        open_set(made.path).images()


def test_an_image_that_does_not_decode_is_named(made):
    file = made.path / made.files[0].path
    file.write_bytes(file.read_bytes()[:60])
    cut = replace(made.files[0], sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(
        ValueError,
        match=r"'ape/00000\.png' of .* is damaged or cut short \(PNG: .*\)\. Get the set from its",
    ):
        replace(made, files=(cut, *made.files[1:])).images(workers=1)


def test_an_image_of_another_size_is_named(made):
    with pytest.raises(ValueError, match=r"is 6 x 6 pixels, but the manifest says 8 x 8\. Make"):
        replace(made, manifest=replace(made.manifest, size=8)).images()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counts": (2, 3, 2)}, r"counts 3 images of class 'bee', the plan 2\. Restore it"),
        ({"image_bytes": 1}, r"counts 1 image bytes, the plan \d+"),
        ({"folders": ("ape", "dog", "cow")}, r"names 2 files outside their class folders, the fi"),
        (
            {"classes": ("a", "b"), "folders": ("a", "b"), "counts": (2, 2)},
            r"the plan has labels outside the manifest's 2 classes",
        ),
        ({"codec": "gif"}, r"codec 'gif' is not known"),
        ({"plan_sha256": "0" * 64}, r"plan\.parquet' was changed"),
    ],
)
def test_a_manifest_that_contradicts_the_plan_is_an_error(made, changes, message):
    (made.path / MANIFEST).write_text(replace(made.manifest, **changes).to_json())
    with pytest.raises(ValueError, match=message):
        open_set(made.path)


@pytest.mark.parametrize("path", ["../ape/x.png", "ape/../../x", "/etc/passwd", "ape", "ape/.."])
def test_no_path_leads_out_of_the_set(made, path):
    files = (replace(made.files[0], path=path), *made.files[1:])
    assert f"the first is {path!r}" in contradictions(made.manifest, made.plan, files)[0]
