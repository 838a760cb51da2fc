"""One crop, flip and roll for a whole batch, drawn afresh in each iteration."""

import math

import numpy as np
import pytest
import torch

from smallset.synthesis.augment import Augment, linear_map, mapped

STILL = Augment(area=(1, 1), flip=0)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.arange(2 * 3 * 8 * 8.0).view(2, 3, 8, 8)


def test_nothing_happens_if_everything_is_off(images):
    draws = STILL.drawn(0, 5)
    assert all(torch.equal(draws.view(images, t), images) for t in range(5))


def test_all_images_of_a_batch_are_changed_alike_and_gradients_pass(images):
    images.requires_grad_()
    draws = Augment(roll=(0, 3)).drawn(1, 4)
    for t in range(4):
        view = draws.view(images, t)
        alone = draws.view(images[1:], t)
        assert torch.equal(view[1:], alone)
        assert view.shape == images.shape
    view.sum().backward()
    assert images.grad.abs().sum() > 0


@pytest.mark.parametrize(("roll", "seen"), [((-2, 2), {-2, -1, 0, 1, 2}), ((0, 4), {*range(5)})])
def test_a_roll_draws_every_shift_of_its_range_on_each_axis(roll, seen, images):
    draws = Augment(area=(1, 1), flip=0, roll=roll).drawn(0, 100)
    shifts = [(dy, dx) for dy in seen for dx in seen]
    found = set()
    for t in range(100):
        moved = draws.view(images, t)
        found |= {s for s in shifts if torch.equal(moved, images.roll(s, (2, 3)))}
    assert {dy for dy, _ in found} == {dx for _, dx in found} == seen
    assert len(found) > 20  # the axes do not move together


def test_a_roll_by_the_whole_side_is_no_roll(images):
    draws = Augment(area=(1, 1), flip=0, roll=(8, 8)).drawn(0, 3)
    assert torch.equal(draws.view(images, 2), images)


def test_flips_mirror_about_half_of_the_iterations(images):
    draws = Augment(area=(1, 1), flip=0.5).drawn(0, 200)
    mirrored = [torch.equal(draws.view(images, t), images.flip(3)) for t in range(200)]
    assert 70 < sum(mirrored) < 130


def test_a_padded_crop_shows_mean_colour_at_the_edge():
    images = torch.ones(1, 3, 8, 8)
    draws = Augment(pad=2, flip=0).drawn(0, 60)
    views = [draws.view(images, t)[0, 0] for t in range(60)]
    # A shift of (y, x) by up to 2 leaves (8 - |y|) (8 - |x|) ones, and zeros for the rest.
    assert {int(v.sum()) for v in views} == {(8 - y) * (8 - x) for y in range(3) for x in range(3)}


def test_cropping_takes_a_box_of_the_area_asked_for():
    column = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 3, 8, 8)
    draws = Augment(area=(0.25, 0.25), ratio=(1, 1), flip=0).drawn(0, 30)
    spans = [float(v.max() - v.min()) for v in (draws.view(column, t) for t in range(30))]
    assert spans == [3.0] * 30  # boxes of 4 columns


@pytest.mark.parametrize(
    ("curve", "values"),
    [("cosine", [1, 0.54, 0.08]), ("linear", [1, 0.54, 0.08]), ("step", [1, 1, 0.08])],
)
def test_the_least_area_follows_its_curve(curve, values):
    augment = Augment(milestone=0.5, curve=curve)
    assert [augment.least_area(t, 200) for t in (0, 50, 100)] == pytest.approx(values)
    every = [augment.least_area(t, 200) for t in range(201)]
    assert every == sorted(every, reverse=True)
    assert every[150] == 0.08


def test_the_cosine_is_the_papers():
    augment = Augment(milestone=1.0)
    wanted = [0.08 + 0.92 * (1 + math.cos(math.pi * t / 100)) / 2 for t in range(100)]
    assert [augment.least_area(t, 100) for t in range(100)] == pytest.approx(wanted)


def test_without_a_milestone_the_area_is_the_same_all_along():
    assert {Augment().least_area(t, 10) for t in range(10)} == {0.08}


def test_a_longer_draw_begins_with_a_shorter_one():
    short, long = (Augment().drawn(3, t).numbers for t in (5, 9))
    np.testing.assert_array_equal(short, long[:5])


@pytest.mark.parametrize(("start", "end", "to"), [(0, 8, 8), (2, 5, 8), (0, 7, 8), (3, 4, 8)])
def test_a_stretch_is_enlarged_as_torch_does(start, end, to):
    x = torch.randn(2, 3, 8, 8)
    line = linear_map(start, end, inside=8, to=to)
    wanted = torch.nn.functional.interpolate(
        x[:, :, start:end, start:end], (to, to), mode="bilinear"
    )
    torch.testing.assert_close(mapped(x, line, line), wanted)


def test_beyond_the_line_all_is_zero():
    assert linear_map(-2, 2, inside=3, to=4).tolist() == [
        [0, 0, 0],
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
    ]
