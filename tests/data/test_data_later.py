from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from smallset.data import LaterPixels, Pixels, from_arrays, pixel_cache

RNG = np.random.default_rng(0)
DATA = from_arrays(RNG.integers(0, 256, (30, 6, 6, 3), np.uint8), np.arange(30) % 3).train


@pytest.fixture
def made():
    """How often the pixels were made."""
    return []


@pytest.fixture
def later(work, made):
    def make() -> Pixels:
        made.append(1)
        return pixel_cache(DATA, 6, view="squash", work=work)

    return LaterPixels(DATA.labels, 6, make)


def test_nothing_is_decoded_until_an_image_is_asked_for(later, made, work):
    assert isinstance(later, Pixels)
    assert (len(later), later.size, later.labels.tolist()) == (24, 6, DATA.labels.tolist())
    assert not made
    assert not (work / "pixels").exists()


def test_batches_are_those_of_what_is_made_once_even_for_threads(later, made, work):
    wanted = pixel_cache(DATA, 6, view="squash", work=work)
    places = [np.arange(i, 24, 3) for i in range(3)] * 5
    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(later.batch, places))
    for place, batch in zip(places, batches, strict=True):
        assert torch.equal(batch, wanted.batch(place))
    assert made == [1]


def test_the_file_is_the_one_that_holds_them_where_there_is_one(later, work):
    assert later.path == pixel_cache(DATA, 6, view="squash", work=work).path
    streamed = LaterPixels(
        DATA.labels, 6, lambda: pixel_cache(DATA, 6, view="squash", work=None, workers=1)
    )
    assert streamed.path is None
