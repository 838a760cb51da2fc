import errno
import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from smallset.data import (
    LaterPixels,
    MappedPixels,
    Pixels,
    StreamedPixels,
    from_arrays,
    open_data,
    pixel_cache,
)
from smallset.data.fit import view_square

RNG = np.random.default_rng(0)
DATA = from_arrays(RNG.integers(0, 256, (300, 10, 10, 3), np.uint8), np.arange(300) % 3)


def cached(work, size=6, view="squash", **options):
    return pixel_cache(DATA.train, size, view=view, work=work, **options)


def test_mapped_and_streamed_pixels_are_the_same(work):
    mapped = cached(work, size=7)
    streamed = cached(None, workers=2, size=7)
    assert isinstance(mapped, MappedPixels)
    assert isinstance(streamed, StreamedPixels)
    some = np.array([200, 3, 3, 0, 77] * 9)
    for pixels in (mapped, streamed):
        assert (len(pixels), pixels.size) == (240, 7)
        assert np.array_equal(pixels.labels, DATA.train.labels)
        batch = pixels.batch(some)
        assert batch.shape == (45, 3, 7, 7)
        assert batch.dtype == torch.uint8
        assert batch.is_contiguous(memory_format=torch.channels_last)
        assert pixels.batch(np.array([], np.int64)).shape == (0, 3, 7, 7)
    assert torch.equal(mapped.batch(some), streamed.batch(some))
    expected = view_square(DATA.train.pixels(77), 7, "squash", whole=True)
    assert np.array_equal(mapped.batch(np.array([77]))[0].permute(1, 2, 0).numpy(), expected)


def test_mapped_pixels_may_begin_within_their_file(tmp_path):
    squares = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), np.uint8)
    file = tmp_path / "squares"
    squares.tofile(file)
    shown = MappedPixels(file, np.zeros(5, np.int64), 4, start=3).batch(np.array([4, 0]))
    np.testing.assert_array_equal(shown.permute(0, 2, 3, 1).numpy(), squares[[7, 3]])


def test_a_batch_is_a_copy_that_may_be_written(work):
    pixels = pixel_cache(DATA.train, 5, view="crop", work=work)
    batch = pixels.batch(np.array([0, 1]))
    batch.zero_()
    assert pixels.batch(np.array([0, 1])).any()


def test_views_of_rectangles_differ_and_are_kept_apart(write_folder, work):
    files = {f"{c}/{k}.png": 10 * i + k for i, c in enumerate("ab") for k in range(5)}
    rectangles = open_data(write_folder(files), work=work).train
    views = ("squash", "crop", "pad", "test")
    batches = {}
    for view in views:
        batches[view] = pixel_cache(rectangles, 7, view=view, work=work).batch(np.arange(8))
        assert torch.equal(
            batches[view], pixel_cache(rectangles, 7, view=view, work=None).batch(np.arange(8))
        )
    assert torch.equal(batches["squash"], batches["test"])  # small: nothing is cropped
    assert not torch.equal(batches["squash"], batches["crop"])
    assert not torch.equal(batches["squash"], batches["pad"])
    assert len(list((work / "pixels").iterdir())) == 4


def test_the_second_time_the_file_is_found(work):
    steps = []
    for _ in range(2):
        cached(work, progress=lambda *step: steps.append(step))
    assert steps[-1] == ("decode train at 6 px", 240, 240)
    assert [done for _, done, _ in steps] == [64, 128, 192, 240]


def test_a_file_of_the_wrong_length_is_made_again(work):
    first = cached(work).batch(np.arange(5))
    (file,) = (work / "pixels").iterdir()
    file.write_bytes(b"short")
    again = cached(work).batch(np.arange(5))
    assert torch.equal(first, again)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_threads_does_not_show(work, workers):
    pixels = cached(work / str(workers), workers=workers)
    streamed = cached(None, workers=1)
    assert torch.equal(pixels.batch(np.arange(240)), streamed.batch(np.arange(240)))


def test_too_little_space_is_an_error_before_anything_is_decoded(work, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1234))
    message = r"needs 25,920 bytes in '.*pixels', where 1,234 are free .*--work DIR.*--cache none"
    with pytest.raises(OSError, match=message):
        cached(work)
    assert not list((work / "pixels").iterdir())


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"cannot be written: .*--work DIR"):
        cached(tmp_path / "file" / "work")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_build_leaves_nothing_behind(work, stop):
    def interrupt(stage: str, done: int, total: int) -> None:
        if done > 100:
            raise stop

    with pytest.raises(stop):
        cached(work, progress=interrupt)
    assert not list((work / "pixels").iterdir())


def test_a_disk_that_fills_up_is_an_error_and_leaves_nothing(work, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("smallset.files.os.fsync", full)
    with pytest.raises(OSError, match=r"cannot be written: No space left on device.*--cache none"):
        cached(work)
    assert not list((work / "pixels").iterdir())


class Full(io.RawIOBase):
    """A file on a full disk."""

    def writable(self) -> bool:
        return True

    def write(self, _) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_cannot_be_closed_after_a_failed_write_is_the_same_error(work, monkeypatch):
    monkeypatch.setattr(Path, "open", lambda *_: io.BufferedWriter(Full(), 10_000))
    with pytest.raises(OSError, match=r"cannot be written: No space left on device.*--cache none"):
        cached(work)


def test_an_image_that_cannot_be_read_keeps_its_error(work, monkeypatch):
    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError("gone")

    monkeypatch.setattr("smallset.data.cache.view_square", gone)
    with pytest.raises(FileNotFoundError, match=r"^gone$"):
        cached(work)


def test_squares_in_another_order_of_memory_are_written_by_their_places(work, monkeypatch):
    expected = cached(None).batch(np.arange(240))

    def transposed(*args, **options):
        return np.asfortranarray(view_square(*args, **options))

    monkeypatch.setattr("smallset.data.cache.view_square", transposed)
    assert torch.equal(cached(work).batch(np.arange(240)), expected)


def test_a_size_below_one_is_an_error(work):
    with pytest.raises(ValueError, match="size=0; needed 1 pixel or more"):
        cached(work, size=0)


@pytest.fixture
def made():
    """How often the pixels were made."""
    return []


@pytest.fixture
def later(work, made):
    def make() -> Pixels:
        made.append(1)
        return cached(work)

    return LaterPixels(DATA.train.labels, 6, make)


def test_nothing_is_decoded_until_an_image_is_asked_for(later, made, work):
    assert isinstance(later, Pixels)
    assert (len(later), later.size, later.labels.tolist()) == (240, 6, DATA.train.labels.tolist())
    assert not made
    assert not (work / "pixels").exists()


def test_batches_are_those_of_what_is_made_once_even_for_threads(later, made, work):
    wanted = cached(work)
    places = [np.arange(i, 240, 30) for i in range(3)] * 5
    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(later.batch, places))
    for place, batch in zip(places, batches, strict=True):
        assert torch.equal(batch, wanted.batch(place))
    assert made == [1]


def test_the_file_is_the_one_that_holds_them_where_there_is_one(later, work):
    assert later.path == cached(work).path
    streamed = LaterPixels(DATA.train.labels, 6, lambda: cached(None))
    assert streamed.path is None
