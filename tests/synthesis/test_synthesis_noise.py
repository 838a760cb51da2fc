"""Pure noise."""

import numpy as np
import pytest
from synthesis_toy import canvases, made

from smallset.synthesis.noise import PureNoise


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"std": (0.1, 0, 0.1)}, r"std=\(0.1, 0, 0.1\) cannot be used. Give that of pixels"),
        ({"mean": (0.5, 9, 0.5)}, r"mean=\(0.5, 9, 0.5\) cannot be used. Give that of pixels"),
        ({"mean": (-1, 0, 0)}, r"mean=\(-1, 0, 0\) cannot be used"),
    ],
)
def test_colours_that_cannot_be_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        PureNoise(**options)
