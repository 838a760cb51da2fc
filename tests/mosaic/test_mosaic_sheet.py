"""Sheets: where the images of a class stand."""

import numpy as np
import pytest

from smallset.mosaic import Sheet
from smallset.records import Selection


def laid(counts, *, size=32, **options):
    labels = np.repeat(np.arange(len(counts)), counts)
    boxes = np.tile(np.array([0, 0, 40, 40], np.int32), (len(labels), 1))
    return Sheet(**options)(Selection(np.arange(len(labels))), labels, boxes, size=size)


def test_images_of_a_class_fill_sheets_in_order_and_every_one_starts_with_a_block():
    plan = laid([5, 3], columns=2, side=20)
    assert plan.source.tolist() == [[0, 1, 2, 3], [4, -1, -1, -1], [5, 6, 7, -1]]
    assert plan.label.tolist() == [0, 0, 1]
    assert (plan.size, plan.image_size) == (64, 32)
    assert plan.tile_box[1].tolist() == [
        [0, 0, 20, 20], [32, 0, 52, 20], [0, 32, 20, 52], [32, 32, 52, 52],
    ]  # fmt: skip
    assert (plan.tile_box[..., :2] % 16 == 0).all()
    assert plan.images.tolist() == [4, 1, 3]
    assert plan.counts(3) == (5, 3, 0)


@pytest.mark.parametrize(
    ("most", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (256, 16), (257, 16)]
)
def test_few_images_stand_on_small_sheets(most, columns):
    assert laid([most]).size == 32 * columns


def test_the_side_is_that_of_the_set_unless_another_is_named():
    assert laid([1], size=48).tile_box[0, 0].tolist() == [0, 0, 48, 48]
    assert laid([1], size=48, side=16).tile_box[0, 0].tolist() == [0, 0, 16, 16]


def test_a_side_that_fits_is_tried_at_the_sets_size_and_below():
    fit = Sheet(side="fit", columns=4, enough=9)
    assert fit.side_at(32) == 32
    assert [tried.side for tried in fit.tried(32)] == [32, 24, 16]
    assert [tried.side for tried in fit.tried(1)] == [1]
    assert {(tried.columns, tried.enough) for tried in fit.tried(96)} == {(4, 9)}
    assert Sheet(side=20).tried(32) == (Sheet(side=20),)
    assert Sheet().tried(32) == (Sheet(),)
    assert laid([1], size=48, side="fit").tile_box[0, 0].tolist() == [0, 0, 48, 48]


def test_a_plan_without_images_has_no_sheet():
    assert laid([0]).source.shape == (0, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"side": 0}, "sheet's side=0 is too small. Give the side in pixels, at least 1."),
        ({"enough": 0}, "sheet's enough=0 is too small. Give images of a class, at least 1."),
        ({"columns": 0}, "sheet's columns=0 is too small. Give the images in a row of a file, "),
        ({"columns": 65}, "sheet's columns=65 is too large. Give the images .*, at most 64."),
    ],
)
def test_a_sheet_without_room_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Sheet(**options)


def test_a_sheet_that_no_codec_can_write_is_refused():
    with pytest.raises(ValueError, match=r"larger than 16,383 px.* Use columns<=15\."):
        laid([256], side=1024)
