import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from smallset.data.fit import fit_boxes, is_small_or_square, read_box, view_square

WIDE = np.random.default_rng(0).integers(0, 256, (40, 100, 3), np.uint8)


def test_each_fit_makes_its_box():
    sizes = np.array([[100, 40], [3, 8]])
    assert fit_boxes(sizes, "squash").tolist() == [[0, 0, 100, 40], [0, 0, 3, 8]]
    assert fit_boxes(sizes, "crop").tolist() == [[30, 0, 70, 40], [0, 2, 3, 5]]
    assert fit_boxes(sizes, "pad").tolist() == [[0, -30, 100, 70], [-3, 0, 5, 8]]
    assert fit_boxes(sizes, "pad").dtype == np.int32


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_crop_and_pad_are_centred_squares(width, height):
    sizes = np.array([[width, height]])
    for fit, side in (("crop", min(width, height)), ("pad", max(width, height))):
        left, top, right, bottom = fit_boxes(sizes, fit)[0].tolist()
        assert right - left == bottom - top == side
        assert abs((left + right) - width) <= 1
        assert abs((top + bottom) - height) <= 1


def test_an_unknown_fit_is_an_error():
    unchecked = inspect.unwrap(fit_boxes)  # as in use, without the tests' type checks
    with pytest.raises(ValueError, match="fit='stretch'; needed 'squash', 'crop' or 'pad'"):
        unchecked(np.array([[4, 3]]), "stretch")


def test_a_box_of_the_wanted_size_is_copied_pixel_for_pixel():
    for resample in ("antialias", "nearest"):
        cut = read_box(WIDE, np.array([10, 5, 30, 25]), (20, 20), resample)
        assert np.array_equal(cut, WIDE[5:25, 10:30])


def test_resizing_is_pillows_on_the_cut_alone():
    cut = Image.fromarray(WIDE[0:40, 30:70])
    for resample, pillow in (("antialias", 2), ("nearest", 0)):
        ours = read_box(WIDE, np.array([30, 0, 70, 40]), (16, 12), resample)
        assert np.array_equal(ours, np.asarray(cut.resize((16, 12), pillow)))


def test_what_lies_beyond_the_image_is_black():
    padded = read_box(WIDE, np.array([0, -30, 100, 70]), (100, 100), "antialias")
    assert not padded[:30].any()
    assert np.array_equal(padded[30:70], WIDE)
    assert not padded[70:].any()
    assert not read_box(WIDE, np.array([200, 0, 210, 10]), (10, 10), "nearest").any()
    assert not read_box(WIDE, np.array([-20, -20, -10, -10]), (10, 10), "nearest").any()


def test_an_empty_box_is_an_error():
    with pytest.raises(ValueError, match=r"\(5, 0, 5, 9\); needed left < right and top < bottom"):
        read_box(WIDE, np.array([5, 0, 5, 9]), (4, 4), "nearest")


def test_the_test_view_squashes_small_and_square_sources():
    assert is_small_or_square(np.array([[64, 30], [500, 500]]))
    assert not is_small_or_square(np.array([[65, 30], [500, 500]]))
    squashed = view_square(WIDE, 32, "test", whole=True)
    assert np.array_equal(squashed, np.asarray(Image.fromarray(WIDE).resize((32, 32), 2)))


def test_the_test_view_else_takes_the_centre_of_the_resized_image():
    # 40 -> round(28 * 256 / 224) = 32, so 100 -> 80, and the centre 28 x 28 begins at (26, 2).
    resized = np.asarray(Image.fromarray(WIDE).resize((80, 32), 2))
    view = view_square(WIDE, 28, "test", whole=False)
    assert np.array_equal(view, resized[2:30, 26:54])


def test_every_view_of_a_square_of_the_size_is_the_image():
    square = WIDE[:, :40]
    for view in ("squash", "crop", "pad"):
        assert np.array_equal(view_square(square, 40, view, whole=False), square)
    assert np.array_equal(view_square(square, 40, "test", whole=True), square)
    assert view_square(square, 40, "test", whole=False).shape == (40, 40, 3)


@pytest.fixture
def built(monkeypatch):
    """The pixels of every image that goes into or comes out of a resizing."""
    areas = []
    resize = Image.Image.resize

    def record(image, size, *options):
        areas.extend([image.width * image.height, size[0] * size[1]])
        return resize(image, size, *options)

    monkeypatch.setattr(Image.Image, "resize", record)
    return areas


@pytest.mark.parametrize("view", ["squash", "crop", "pad", "test"])
@pytest.mark.parametrize("shape", [(2, 30000, 3), (30000, 2, 3)])
def test_a_long_strip_builds_no_giant_on_the_way(built, view, shape):
    strip = np.full(shape, 200, np.uint8)
    square = view_square(strip, 224, view, whole=False)
    assert max(built) <= 1 << 24
    if view == "pad":  # one line of the strip's colour through the middle, black around it
        line = square.swapaxes(0, 1) if shape[0] > shape[1] else square
        assert (line[112] == 200).all()
        assert np.count_nonzero(line.any(axis=(1, 2))) == 1
    else:
        assert (square == 200).all()


@pytest.mark.parametrize("view", ["pad", "test"])
def test_what_is_too_large_to_build_looks_as_if_it_had_been_built(monkeypatch, view):
    smooth = np.linspace(0, 255, 300 * 900).reshape(300, 900, 1).repeat(3, axis=2).astype(np.uint8)
    want = view_square(smooth, 96, view, whole=False).astype(int)
    monkeypatch.setattr("smallset.data.fit._BUILT", 0)
    got = view_square(smooth, 96, view, whole=False).astype(int)
    # The padded edge is sharp where it would have been blended, a row on either side.
    rows = np.abs(got - want).max(axis=(1, 2))
    assert np.count_nonzero(rows > 1) <= (4 if view == "pad" else 0)


def test_a_large_box_beyond_the_image_is_black():
    assert not read_box(WIDE, np.array([200, 0, 9000, 9000]), (7, 5), "nearest").any()
