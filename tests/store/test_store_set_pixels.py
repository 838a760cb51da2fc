import numpy as np
import pytest
from set_toy import write

from smallset.data import MappedPixels
from smallset.store import Codec, CompressedDataset
from smallset.store import set_pixels as module
from smallset.store.set_pixels import StreamedSet, pixel_bytes, set_pixels
from smallset.train.loop import Images


@pytest.fixture
def made(tmp_path, make_plan, dataset, about) -> CompressedDataset:
    plan = make_plan(ipc=3, factor=2)
    return write(plan, dataset, tmp_path / "out", codec=Codec("png"), about=about, workers=1)


@pytest.mark.parametrize("kind", [MappedPixels, StreamedSet])
def test_batches_are_the_images_wherever_they_come_from(made, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(module, "_CHUNK", 4)
    found = set_pixels(made, work=tmp_path if kind is MappedPixels else None, workers=1)
    assert isinstance(found, kind)
    assert isinstance(found, Images)
    assert (len(found), found.size) == (9, 6)
    rows = np.array([8, 0, 3])
    want = made.images(workers=1)[rows].transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(found.batch(rows).numpy(), want)


def test_the_file_is_made_once_and_again_where_it_was_cut(made, tmp_path, monkeypatch):
    steps = []
    set_pixels(made, work=tmp_path, progress=lambda *step: steps.append(step))
    assert steps == [("decode the set at 6 px", 9, 9)]
    [file] = (tmp_path / "pixels").iterdir()
    assert file.stat().st_size == pixel_bytes(made) == 9 * 6 * 6 * 3
    set_pixels(made, work=tmp_path, progress=lambda *step: steps.append(step))
    assert len(steps) == 1
    file.write_bytes(b"cut")
    set_pixels(made, work=tmp_path, progress=lambda *step: steps.append(step))
    assert len(steps) == 2


def test_a_changed_image_is_named_and_no_file_is_left(made, tmp_path):
    (made.path / made.files[4].path).write_bytes(b"other")
    with pytest.raises(ValueError, match="was changed after it was written"):
        set_pixels(made, work=tmp_path, workers=1)
    assert list((tmp_path / "pixels").iterdir()) == []
