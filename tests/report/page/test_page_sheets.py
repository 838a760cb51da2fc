import base64
import io
from dataclasses import replace

import pytest
from PIL import Image
from set_toy import ABOUT, make_dataset, make_plan, write

from smallset.report.page import sheets
from smallset.report.page.sheets import sheets_of
from smallset.store.past import PAST


@pytest.fixture
def sets(tmp_path):
    """Two sets of one method that differ in their seed, and one of another method."""
    for name, method in (("a-0", "pca"), ("a-1", "pca"), ("b-0", "random")):
        write(make_plan(), make_dataset(), tmp_path / name, about=replace(ABOUT, method=method))
    (tmp_path / ".part").mkdir()
    return tmp_path


def test_the_first_set_of_each_method_has_a_picture_and_others_are_counted(sets):
    first, second, others = sheets_of(sets)
    assert [first.name, second.name] == ["pca, tiny at 6 px, ipc=2", "random, tiny at 6 px, ipc=2"]
    assert first.picture.startswith("data:image/webp;base64,")
    assert others.lacking.startswith("1 more, other seeds")


def test_no_more_pictures_than_a_page_holds(sets, monkeypatch):
    monkeypatch.setattr(sheets, "MOST", 1)
    first, others = sheets_of(sets)
    assert first.picture
    assert others.lacking.startswith("2 more")


def test_a_set_without_its_images_or_manifest_says_so(sets):
    for image in (sets / "a-0").rglob("*.png"):
        image.unlink()
    (sets / "b-0/manifest.json").unlink()
    first, *_ = found = sheets_of(sets)
    assert first.picture == ""
    assert first.lacking.startswith("no picture:")
    assert [sheet.name for sheet in found if sheet.lacking][:2] == [first.name, "b-0"]


def test_the_picture_of_iterations_is_written_anew_and_no_wider_than_a_sheet(sets):
    file = sets / "a-0" / PAST
    Image.new("RGB", (1800, 20)).save(file, "WEBP", exif=b"Exif\0\0of its maker")
    drawn = base64.b64decode(sheets_of(sets)[0].past.partition(",")[2])
    assert b"maker" in file.read_bytes()
    assert b"maker" not in drawn
    assert Image.open(io.BytesIO(drawn)).size == (900, 10)
    file.write_bytes(b"<script>")
    assert sheets_of(sets)[0].lacking.startswith("no picture: cannot identify image file")


def test_without_a_folder_there_are_no_sheets(tmp_path):
    assert sheets_of(tmp_path / "sets") == ()
