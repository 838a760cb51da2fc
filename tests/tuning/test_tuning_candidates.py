"""What tuning chooses from."""

import numpy as np
import pytest

from smallset.budget import Bytes
from smallset.data import from_arrays
from smallset.methods import brief_of, method_from
from smallset.mosaic import Sheet
from smallset.tuning.candidates import CODECS, SELECTIONS, candidates, default_methods, that_fit


@pytest.fixture
def train():
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
    return from_arrays(images, np.arange(20) % 2).train


@pytest.mark.parametrize(("size", "sides"), [(32, [None, 24, 16]), (6, [None, 5, 3]), (1, [None])])
def test_the_default_methods_store_whole_images_at_the_sides_that_pack_tries(size, sides):
    methods = [method_from(text) for text in default_methods(size)]
    assert [method.mosaic.side for method in methods] == sides * len(SELECTIONS)
    assert {method.tiles for method in methods} == {1}
    tried = Sheet(side="fit").tried(size)
    assert [sheet.side for sheet in tried] == [side or size for side in sides]


def test_every_method_is_tried_with_every_codec_and_none_twice():
    same = ["random", "random()", "prune(select=random)", "el2n", "el2n(select=easiest)"]
    found = candidates(same, ["webp:90", "webp", "png"], size=8)
    assert [(c.method, c.codec) for c in found] == [
        ("random", "webp:90"), ("el2n", "webp:90"), ("random", "png"), ("el2n", "png"),
    ]  # fmt: skip
    assert "observer(model=resnet8" in found[1].spec
    methods = default_methods(32)
    assert len(candidates(methods, CODECS, size=32)) == len(methods) * len(CODECS)


def test_a_method_that_names_its_codec_is_tried_with_each():
    found = candidates(["pack", "pack(codec=webp:20)"], ["webp:50", "webp:20"], size=8)
    assert [str(c) for c in found] == ["pack as webp:50", "pack as webp:20"]
    assert len({c.spec for c in found}) == 2
    assert [c.in_matrix for c in found] == [
        (str(c), brief_of(method_from(f"pack(codec={c.codec})"))) for c in found
    ]


def test_what_is_not_known_is_named():
    with pytest.raises(ValueError, match="randm"):
        candidates(["randm"], ["png"], size=8)
    with pytest.raises(ValueError, match="'bmp' is not known"):
        candidates(["random"], ["bmp"], size=8)
    with pytest.raises(ValueError, match="gives its observer the seed 5, but all candidates look"):
        candidates(["el2n(observer=observer(seed=5))"], ["png"], size=8)


def test_a_file_that_cannot_be_used_is_named_once(train, tmp_path):
    every = candidates(["prune(score=file(none.npy))"], ["png", "webp:10"], size=8)
    with pytest.raises(FileNotFoundError, match=r"none\.npy"):
        that_fit(every, train, budget=Bytes(10_000), size=8, fit="squash")
    np.save(tmp_path / "few.npy", np.arange(3.0))
    every = candidates([f"prune(score=file({tmp_path / 'few.npy'}))"], ["png"], size=8)
    with pytest.raises(ValueError, match=r"few\.npy' has 3 rows, but"):
        that_fit(every, train, budget=Bytes(10_000), size=8, fit="squash")


def test_a_candidate_without_room_for_one_image_of_each_class_is_left_out(train):
    every = candidates(["random"], ["png", "webp:10"], size=8)
    roomy, beyond = that_fit(every, train, budget=Bytes(10_000), size=8, fit="squash")
    assert (roomy, beyond) == (tuple(every), {})
    small, beyond = that_fit(every, train, budget=Bytes(250), size=8, fit="squash")
    assert [c.codec for c in small] == ["webp:10"]
    assert [c.codec for c in beyond] == ["png"]
    assert 250 < beyond[every[0]] < 2000
    exact = Bytes(beyond[every[0]])
    assert that_fit(every, train, budget=exact, size=8, fit="squash")[0] == tuple(every)


def test_a_budget_below_every_candidate_says_the_smallest_that_works(train):
    every = candidates(["random"], ["png", "webp:10"], size=8)
    with pytest.raises(ValueError, match="bytes=10B has no room for one image of each") as error:
        that_fit(every, train, budget=Bytes(10), size=8, fit="squash")
    assert "random as webp:10. Give bytes=" in str(error.value)
    least = Bytes.read(str(error.value).partition("Give bytes=")[2].split()[0])
    assert that_fit(every, train, budget=least, size=8, fit="squash")[0] == (every[1],)


def test_a_method_that_cannot_make_the_set_is_refused_before_anything_runs(train):
    few = candidates(["random(factor=3)"], ["png"], size=8)
    with pytest.raises(ValueError, match=r"needs 9 images of the class '0', but it has 8"):
        that_fit(few, train, budget=Bytes(10_000), size=8, fit="squash")
    narrow = candidates(["random(factor=9)"], ["png"], size=8)
    with pytest.raises(ValueError, match="no room for 9 tiles a side"):
        that_fit(narrow, train, budget=Bytes(10_000), size=8, fit="squash")
