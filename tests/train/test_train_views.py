import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallset.mosaic import Grid
from smallset.records import Selection
from smallset.seeds import derive
from smallset.train.views import (
    VERSION,
    VIEWS,
    Canvas,
    EachPatch,
    Patch,
    crop_boxes,
    draw_epoch,
    uniform,
)

BOTH = pytest.mark.parametrize("view", [Canvas(), Patch()], ids=["canvas", "patch"])


def tiles(images: int, size: int, factor: int) -> np.ndarray:
    """The tile boxes of `images` canvases."""
    n = images * factor**2
    selection, labels = Selection(np.arange(n)), np.zeros(n, np.int64)
    boxes = np.zeros((n, 4), np.int32)
    return Grid(factor)(selection, labels, boxes, size=size).tile_box


def naive_crop(
    area: tuple[int, int, int, int],
    numbers: np.ndarray,
    scale: tuple[float, float],
    ratio: tuple[float, float],
) -> tuple[int, int, int, int]:
    """torchvision's RandomResizedCrop.get_params, fed with the same numbers (0 px becomes 1)."""
    left, top, right, bottom = map(int, area)
    width, height = right - left, bottom - top
    for k in range(10):
        target = width * height * (scale[0] + (scale[1] - scale[0]) * numbers[k])
        low, high = np.log(ratio[0]), np.log(ratio[1])
        aspect = np.exp(low + (high - low) * numbers[10 + k])
        w = max(round(np.sqrt(target * aspect)), 1)
        h = max(round(np.sqrt(target / aspect)), 1)
        if w <= width and h <= height:
            x, y = int(numbers[20] * (width - w + 1)), int(numbers[21] * (height - h + 1))
            return left + x, top + y, left + x + w, top + y + h
    w, h = width, height
    if width / height < ratio[0]:
        h = max(round(width / ratio[0]), 1)
    elif width / height > ratio[1]:
        w = max(round(height * ratio[1]), 1)
    x, y = (width - w) // 2, (height - h) // 2
    return left + x, top + y, left + x + w, top + y + h


RANGES = [
    ((0.08, 1.0), (3 / 4, 4 / 3)),
    ((1.0, 1.0), (1.0, 1.0)),
    ((0.0001, 0.001), (3 / 4, 4 / 3)),
    ((0.5, 1.0), (4.0, 9.0)),  # rarely fits a square: the centred box of the rule's end
    ((0.9, 1.0), (0.1, 0.2)),
]


@pytest.mark.parametrize(("scale", "ratio"), RANGES)
@pytest.mark.parametrize("shape", [(16, 16), (33, 7), (1, 5), (112, 113)])
def test_crops_are_torchvisions_for_the_same_numbers(scale, ratio, shape):
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 50, (300, 2), dtype=np.int32)
    area = np.concatenate([corner, corner + np.array(shape, np.int32)], axis=1)
    numbers = rng.random((300, 24))
    found = crop_boxes(area, numbers, scale, ratio)
    wanted = [naive_crop(a, x, scale, ratio) for a, x in zip(area, numbers, strict=True)]
    np.testing.assert_array_equal(found, wanted)


def test_ratios_that_never_fit_give_the_centred_box_at_the_range_end():
    numbers = np.full((1, 24), 0.99)
    area = np.array([[0, 0, 20, 10]], np.int32)
    assert crop_boxes(area, numbers, (1, 1), (1.0, 1.0)).tolist() == [[5, 0, 15, 10]]
    area = np.array([[0, 0, 10, 20]], np.int32)
    assert crop_boxes(area, numbers, (1, 1), (1.0, 1.0)).tolist() == [[0, 5, 10, 15]]


@BOTH
def test_the_draw_of_an_image_depends_on_nothing_but_seed_epoch_and_image(view):
    few, many = tiles(9, 32, 2), tiles(500, 32, 2)
    images = np.array([7, 2, 5])
    drawn = view.draw(few, images, seed=3, epoch=4)
    whole = view.draw(many, np.arange(500), seed=3, epoch=4)
    np.testing.assert_array_equal(drawn.box, whole.box[images])
    np.testing.assert_array_equal(drawn.flip, whole.flip[images])
    alone = view.draw(many, np.array([5]), seed=3, epoch=4)
    np.testing.assert_array_equal(alone.box[0], drawn.box[2])


@BOTH
def test_seeds_and_epochs_give_other_views(view):
    canvas, images = tiles(200, 32, 2), np.arange(200)
    first = view.draw(canvas, images, seed=0, epoch=0)
    for seed, epoch in ((1, 0), (0, 1), (1, 1)):
        other = view.draw(canvas, images, seed=seed, epoch=epoch)
        assert (other.box != first.box).any(1).mean() > 0.9
        assert 0.3 < (other.flip != first.flip).mean() < 0.7


@BOTH
def test_the_same_image_drawn_twice_is_the_same_view(view):
    drawn = view.draw(tiles(9, 32, 2), np.array([4, 4]), seed=0, epoch=0)
    np.testing.assert_array_equal(drawn.box[0], drawn.box[1])


def test_random_access_is_the_sequential_stream():
    stream = np.random.Generator(np.random.Philox(key=derive(8, "view", VERSION, 2)))
    sequential = stream.random((3 * 4096 + 50, 24))
    images = np.array([0, 1, 4095, 4096, 4097, 8191, 8192, 12287, 12288, 12337, 3])
    np.testing.assert_array_equal(uniform(images, seed=8, epoch=2), sequential[images])


@BOTH
def test_an_epoch_drawn_at_once_is_each_image_drawn_by_itself(view):
    boxes = tiles(9000, 16, 2)  # three blocks, the last one short
    whole = draw_epoch(view, boxes, seed=3, epoch=4)
    some = np.array([8999, 0, 4095, 4096, 17])
    alone = view.draw(boxes, some, seed=3, epoch=4)
    taken = whole.take(some)
    np.testing.assert_array_equal(taken.box, alone.box)
    np.testing.assert_array_equal(taken.flip, alone.flip)


def test_no_images_draw_nothing():
    assert uniform(np.arange(0), seed=0, epoch=0).shape == (0, 24)
    assert Patch().draw(tiles(3, 8, 2), np.arange(0), seed=0, epoch=0).box.shape == (0, 4)


@settings(max_examples=150, deadline=None)
@given(
    size=st.integers(1, 300),
    factor=st.integers(1, 6),
    scale=st.tuples(st.floats(1e-5, 1), st.floats(1e-5, 1)).map(lambda pair: tuple(sorted(pair))),
    ratio=st.tuples(st.floats(0.05, 20), st.floats(0.05, 20)).map(lambda pair: tuple(sorted(pair))),
    seed=st.integers(0, 2**63 - 1),
)
def test_boxes_lie_inside_one_tile(size, factor, scale, ratio, seed):
    factor = min(factor, size)
    boxes, images = tiles(40, size, factor), np.arange(40)
    drawn = Patch(scale, ratio).draw(boxes, images, seed=seed, epoch=1).box[:, None]
    inside = (drawn[..., :2] >= boxes[..., :2]) & (drawn[..., 2:] <= boxes[..., 2:])
    assert (inside.all(-1).sum(1) == 1).all()
    assert (drawn[..., 2:] > drawn[..., :2]).all()
    whole = Canvas(scale, ratio).draw(boxes, images, seed=seed, epoch=1).box
    assert whole.min() >= 0
    assert whole.max() <= size


def test_on_one_tile_the_patch_is_the_canvas():
    boxes, images = tiles(50, 31, 1), np.arange(50)
    patch = Patch().draw(boxes, images, seed=1, epoch=1)
    canvas = Canvas().draw(boxes, images, seed=1, epoch=1)
    np.testing.assert_array_equal(patch.box, canvas.box)
    np.testing.assert_array_equal(patch.flip, canvas.flip)


def test_every_tile_and_side_has_its_share():
    boxes, n = tiles(8000, 64, 2), 8000
    drawn = Patch().draw(boxes, np.arange(n), seed=0, epoch=0)
    tile = (drawn.box[:, 0] >= 32) + 2 * (drawn.box[:, 1] >= 32)
    assert np.abs(np.bincount(tile, minlength=4) / n - 0.25).max() < 0.02
    assert abs(drawn.flip.mean() - 0.5) < 0.02


def test_areas_and_ratios_spread_over_their_ranges():
    n, side = 20_000, 1000
    drawn = Canvas(scale=(0.1, 0.5), ratio=(0.5, 2.0)).draw(
        tiles(n, side, 1), np.arange(n), seed=0, epoch=0
    )
    width, height = (drawn.box[:, 2:] - drawn.box[:, :2]).T
    share, ratio = width * height / side**2, np.log(width / height)
    deciles = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(np.quantile(share, deciles), 0.1 + 0.4 * deciles, atol=0.01)
    np.testing.assert_allclose(
        np.quantile(ratio, deciles), np.log(2) * (2 * deciles - 1), atol=0.03
    )


def test_places_are_uniform():
    n = 20_000
    drawn = Canvas(scale=(0.25, 0.25), ratio=(1, 1)).draw(
        tiles(n, 8, 1), np.arange(n), seed=0, epoch=0
    )
    for axis in (0, 1):
        places = np.bincount(drawn.box[:, axis], minlength=5) / n
        np.testing.assert_allclose(places, 0.2, atol=0.015)


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_a_certain_flip_is_certain(flip):
    drawn = Patch(flip=flip).draw(tiles(300, 8, 2), np.arange(300), seed=0, epoch=0)
    assert (drawn.flip == bool(flip)).all()


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize(
    ("option", "values", "said"),
    [
        (
            "scale",
            [(0.0, 1.0), (0.5, 0.1), (0.5, 1.5), (float("nan"), 1.0)],
            "is not a range of area shares. Give (low, high) with 0 < low <= high <= 1.",
        ),
        (
            "ratio",
            [(0.0, 1.0), (2.0, 1.0)],
            "is not a range of width to height. Give (low, high) with 0 < low <= high.",
        ),
        ("flip", [-0.1, 1.1], "is not a probability. Give a number in 0..1."),
    ],
)
def test_an_option_out_of_its_range_is_refused(name, option, values, said):
    for value in values:
        with pytest.raises(ValueError, match=re.escape(f"{name}'s {option}={value} {said}")):
            VIEWS[name](**{option: value})


def test_an_epoch_has_one_view_of_an_image_or_one_of_each_tile():
    assert [view.an_epoch(4) for view in (Canvas(), Patch(), EachPatch())] == [1, 1, 4]


def test_each_patch_draws_what_patch_draws_in_an_image_of_one_tile():
    boxes = tiles(9, 32, 1)
    one, other = (draw_epoch(view(), boxes, seed=1, epoch=2) for view in (Patch, EachPatch))
    np.testing.assert_array_equal(one.box, other.box)
    np.testing.assert_array_equal(one.flip, other.flip)
