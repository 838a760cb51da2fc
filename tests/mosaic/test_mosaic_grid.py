import re

import numpy as np
import pytest

from smallset.mosaic import Grid
from smallset.records import Plan, Selection

N, CLASSES = 72, 2
LABELS = np.arange(N) % CLASSES


def selection(per_class: int) -> Selection:
    rng = np.random.default_rng(0)
    return Selection(
        np.concatenate(
            [rng.permutation(np.flatnonzero(c == LABELS))[:per_class] for c in range(CLASSES)]
        )
    )


def boxes() -> np.ndarray:
    """A box of its own for every image: some wide, some high, one beyond its image's corner."""
    rng = np.random.default_rng(1)
    corner = rng.integers(-3, 9, (N, 2))
    return np.concatenate([corner, corner + rng.integers(4, 40, (N, 2))], axis=1).astype(np.int32)


def plan(grid: Grid, size: int = 32, canvases: int = 2) -> Plan:
    return grid(selection(canvases * grid.tiles), LABELS, boxes(), size=size)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [4, 7, 31, 32, 33, 65])
def test_tiles_share_the_canvas_without_gap_or_overlap(size, factor):
    for tiles in plan(Grid(factor), size).tile_box:
        covered = np.zeros((size, size), int)
        for left, top, right, bottom in tiles:
            covered[top:bottom, left:right] += 1
        assert (covered == 1).all()
        sides = np.concatenate([tiles[:, 2] - tiles[:, 0], tiles[:, 3] - tiles[:, 1]])
        assert sides.max() - sides.min() <= 1


def test_tile_edges_are_those_of_the_design():
    tiles = plan(Grid(3), 32).tile_box[0]
    edges = [(k * 32) // 3 for k in range(4)]
    assert edges == [0, 10, 21, 32]
    wanted = [(edges[x], edges[y], edges[x + 1], edges[y + 1]) for y in range(3) for x in range(3)]
    assert list(map(tuple, tiles.tolist())) == wanted


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_ranks_fill_the_canvases_row_by_row_in_order_of_choice(factor):
    made, chosen = plan(Grid(factor)), selection(2 * factor**2).indices
    assert made.source.shape == (2 * CLASSES, factor**2)
    np.testing.assert_array_equal(made.source.ravel(), chosen)
    np.testing.assert_array_equal(made.source_box, boxes()[made.source])  # whole images
    np.testing.assert_array_equal(made.label, LABELS[made.source[:, 0]])
    np.testing.assert_array_equal(LABELS[made.source], made.label[:, None].repeat(factor**2, 1))
    middles = (made.tile_box[0, :, :2] + made.tile_box[0, :, 2:]) / 2
    np.testing.assert_array_equal(np.lexsort(middles.T), np.arange(factor**2))


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_centre_is_the_middle_at_the_images_own_scale(factor):
    made = plan(Grid(factor, content="centre"))
    for found, (left, top, right, bottom) in zip(
        made.source_box.reshape(-1, 4).tolist(), boxes()[made.source.ravel()].tolist(), strict=True
    ):
        w, h = max((right - left) // factor, 1), max((bottom - top) // factor, 1)
        x, y = left + (right - left - w) // 2, top + (bottom - top - h) // 2
        assert found == [x, y, x + w, y + h]


def test_the_centre_of_a_single_pixel_is_that_pixel():
    one = np.tile(np.array([[5, 6, 6, 7]], np.int32), (N, 1))
    made = Grid(2, content="centre")(selection(4), LABELS, one, size=8)
    assert (made.source_box == [5, 6, 6, 7]).all()


def test_the_plan_records_size_and_resampling():
    made = plan(Grid(2, resize="nearest"), 33)
    assert (made.size, made.resample) == (33, "nearest")
    assert (made.source.dtype, made.label.dtype) == (np.int64, np.int64)
    assert made.source_box.dtype == made.tile_box.dtype == np.int32
    made.tile_box[0] = 0  # a plan owns its arrays: no canvas shares another's
    assert made.tile_box[1].any()


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (0, "too small. Give the tiles a side, at least 1."),
        (-2, "too small. Give the tiles a side, at least 1."),
        (10**9, "too large. Give the tiles a side, at most 1000."),
    ],
)
def test_a_factor_without_tiles_or_with_more_than_memory_holds_is_refused(factor, said):
    said = f"grid's factor={factor} is {said}"
    with pytest.raises(ValueError, match=re.escape(said)):
        Grid(factor)


def test_a_canvas_smaller_than_its_tiles_is_refused():
    smallest = plan(Grid(3), size=3).tile_box
    assert (smallest[..., 2:] - smallest[..., :2] == 1).all()
    said = "a canvas of 2 px has no room for 3 tiles a side. Use factor<=2 or a larger --size."
    with pytest.raises(ValueError, match=re.escape(said)):
        plan(Grid(3), size=2)


@pytest.mark.parametrize(
    ("indices", "given"),
    [
        ([0, 2, 1, 3], "2 of class 0, 2 of class 1"),
        ([0, 2, 4], "3 of class 0"),
        ([0, 2, 4, 1, 6, 3, 5, 7], "4 of class 0, 4 of class 1"),
    ],
    ids=["two and two", "too few", "in no order"],
)
def test_a_selection_that_would_mix_classes_on_a_canvas_is_refused(indices, given):
    said = (
        f"the selection ({given}) would mix classes on a canvas: grid(factor=2) needs a multiple "
        "of 4 images of every class, class after class. Select that many or use another factor."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        Grid(2)(Selection(np.array(indices)), LABELS, boxes(), size=8)
