"""Pure noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scores_toy import CLASSES
from synthesis_toy import canvases, made

from smallset.synthesis.noise import PureNoise
from smallset.train.device import Machine
from smallset.train.loop import fit
from smallset.train.protocol import SMALL_V1
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import Canvas

LABELS = np.arange(40) // 10


def test_it_is_normal_noise_in_normalised_space_cut_off_at_black_and_white(tmp_path):
    pixels = made(tmp_path, PureNoise((0.5, 0.4, 0.3), (0.1, 0.2, 0.3)), ipc=40) / 255
    clear = pixels[..., 0]  # of this channel hardly anything is cut off
    assert clear.mean() == pytest.approx(0.5, abs=0.01)
    assert clear.std() == pytest.approx(0.1, abs=0.005)
    assert (pixels[..., 2] == 0).mean() == pytest.approx(0.16, abs=0.02)  # below -1 deviation


def test_an_image_depends_on_its_class_rank_and_seed_alone(tmp_path):
    ten, three = made(tmp_path, PureNoise(), ipc=10), made(tmp_path, PureNoise(), ipc=3)
    np.testing.assert_array_equal(ten.reshape(4, 10, 8, 8, 3)[:, :3], three.reshape(4, 3, 8, 8, 3))
    assert len({image.tobytes() for image in ten}) == 40
    assert (made(tmp_path, PureNoise(), seed=1) != made(tmp_path, PureNoise())).any()


def test_any_rows_may_be_drawn_and_nothing_is_kept(tmp_path):
    begun = canvases(tmp_path, PureNoise(), ipc=3)
    assert begun.kept_as is None
    np.testing.assert_array_equal(begun.draw(range(4, 6)), made(tmp_path, PureNoise(), ipc=3)[4:6])


def test_a_grain_makes_squares_of_one_colour(tmp_path):
    pixels = made(tmp_path, PureNoise(grain=3), ipc=3)  # 8 pixels a side: the last are cut off
    assert pixels.shape == (12, 8, 8, 3)
    squares = pixels[:, ::3, ::3]
    assert len(np.unique(squares)) > 100
    shown = squares.repeat(3, axis=1).repeat(3, axis=2)[:, :8, :8]
    np.testing.assert_array_equal(pixels, shown)
    fine = made(tmp_path, PureNoise(grain=1), ipc=3)
    np.testing.assert_array_equal(fine, made(tmp_path, PureNoise(), ipc=3))


@pytest.mark.parametrize(("grain", "needed"), [(0, "at least 1"), (9, "at most .* 8 pixels")])
def test_a_grain_that_fits_no_image_is_refused(tmp_path, grain, needed):
    with pytest.raises(ValueError, match=f"grain={grain} cannot be used. Give .*{needed}"):
        made(tmp_path, PureNoise(grain=grain), ipc=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"std": (0.1, 0, 0.1)}, r"std=\(0.1, 0, 0.1\) cannot be used. Give the standard dev"),
        ({"mean": (0.5, 9, 0.5)}, r"mean=\(0.5, 9, 0.5\) cannot be used. Give the mean of pixels"),
        ({"mean": (-1, 0, 0)}, r"mean=\(-1, 0, 0\) cannot be used"),
    ],
)
def test_colours_that_cannot_be_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        PureNoise(**options)


def real_images(labels: np.ndarray) -> np.ndarray:
    """Return images that show a pattern of their class under noise of the same strength."""
    rng = np.random.default_rng(len(labels))
    patterns = np.random.default_rng(0).standard_normal((CLASSES, 8, 8, 3))
    shown = patterns[labels] + rng.standard_normal((len(labels), 8, 8, 3))
    return (128 + 40 * shown).clip(0, 255).astype(np.uint8)


def accuracy(pixels: np.ndarray, seed: int) -> float:
    """Train a linear student on images, class after class, and test it on real ones."""
    torch.manual_seed(seed)
    student = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8**2, CLASSES))
    images = InMemory(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous())
    fit(
        student, Shown.whole(images, Canvas((1.0, 1.0), flip=0.0)), LABELS,
        protocol=replace(SMALL_V1, epochs=20, batch=40), seeds=StudentSeeds.of(seed),
        machine=Machine("cpu", "float32", 1),
    )  # fmt: skip
    wanted = np.arange(100) % CLASSES
    shown = torch.from_numpy(real_images(wanted)).permute(0, 3, 1, 2) / 255
    return float((student(shown).argmax(1).numpy() == wanted).mean())


def test_students_of_noise_stay_at_chance_under_hard_labels(tmp_path):
    found = [accuracy(made(tmp_path, PureNoise(), ipc=10, seed=s), s) for s in range(6)]
    error = np.std(found, ddof=1) / len(found) ** 0.5
    assert np.mean(found) == pytest.approx(1 / CLASSES, abs=3 * error)
    # Real images teach the same student.
    assert accuracy(real_images(LABELS), 2) > 2 / CLASSES
