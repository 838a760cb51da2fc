from dataclasses import replace

import numpy as np
import pytest
from set_toy import make_plan

from smallset.data import read_box
from smallset.store import render
from smallset.store.canvases import check_plan


def test_one_whole_tile_is_the_image(plan, dataset):
    for row in range(len(plan.label)):
        image = dataset.pixels(int(plan.source[row, 0]))
        np.testing.assert_array_equal(render(plan, row, dataset), image)


@pytest.mark.parametrize(("factor", "size"), [(2, 6), (2, 7), (3, 7)])
def test_every_tile_is_its_own_box_of_its_own_image(dataset, factor, size):
    plan = make_plan(ipc=1, factor=factor, size=size, per_class=4)
    plan = replace(plan, source_box=np.minimum(plan.source_box, 6))
    canvas = render(plan, 1, dataset)
    covered = np.zeros((size, size), dtype=int)
    for source, box, (left, top, right, bottom) in zip(
        plan.source[1], plan.source_box[1], plan.tile_box[1], strict=True
    ):
        want = read_box(
            dataset.pixels(int(source)), box, (int(right - left), int(bottom - top)), "antialias"
        )
        np.testing.assert_array_equal(canvas[top:bottom, left:right], want)
        covered[top:bottom, left:right] += 1
    assert (covered == 1).all()


def test_an_empty_tile_stays_black(dataset):
    plan = make_plan(ipc=1, factor=2)
    plan.source[0, 3] = -1
    canvas = render(plan, 0, dataset)
    assert not canvas[3:, 3:].any()
    assert canvas[:3, :3].any()


def broken(plan, name, at, value):
    array = getattr(plan, name).copy()
    array[at] = value
    return replace(plan, **{name: array})


@pytest.mark.parametrize(
    ("name", "at", "value", "message"),
    [
        ("source", (0, 0), 12, r"asks for image 12, but 'tiny' \(train\) has 12 images\. Use the"),
        ("label", 0, 3, r"has the labels 0 to 3, but 'tiny' has 3 classes\. Use labels 0 to 2"),
        ("label", 0, -1, r"has the labels -1 to 2"),
        ("label", slice(2, 4), 0, r"has no image of class 'bee', but a set needs one of every"),
        ("tile_box", (0, 0, 2), 7, r"tile box that is empty or outside the canvas of 6 pixels"),
        ("tile_box", (0, 0, 0), 6, r"tile box that is empty"),
        ("source_box", (0, 0, 3), 0, r"source box that is empty\. Boxes are \(left, top, right"),
    ],
)
def test_a_plan_that_cannot_be_drawn_is_one_clear_error(plan, dataset, name, at, value, message):
    with pytest.raises(ValueError, match=message):
        check_plan(broken(plan, name, at, value), dataset)


def test_a_canvas_without_pixels_is_an_error(plan, dataset):
    with pytest.raises(ValueError, match="canvas is 0 pixels, but needs at least 1"):
        check_plan(replace(plan, size=0), dataset)


def test_a_source_box_beyond_its_image_is_fine(plan, dataset):
    check_plan(broken(plan, "source_box", (0, 0, 0), -2), dataset)


def test_a_class_may_vanish_only_where_that_is_said_and_never_all_of_them(plan, dataset):
    lost = broken(plan, "label", slice(2, 4), 0)
    check_plan(lost, dataset, may_vanish=True)
    with pytest.raises(ValueError, match="has no image of class 'ape'"):
        check_plan(plan.take([]), dataset, may_vanish=True)
