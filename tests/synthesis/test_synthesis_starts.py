"""What images start from."""

from dataclasses import dataclass

import numpy as np
from scores_toy import LABELS, toy
from synthesis_toy import resnet8

from smallset.records import Plan
from smallset.store import Canvases
from smallset.synthesis.starts import CanvasStart, NoiseStart, RealStart, colours, normalised

COUNTS = np.array([2, 3, 2, 2])


def test_noise_depends_on_the_image_and_not_on_its_company():
    start = NoiseStart(8, COUNTS, seed=4)
    whole = start(range(9))
    np.testing.assert_array_equal(start((1, 3, 8)), whole[[1, 3, 8]])
    assert (NoiseStart(8, COUNTS, seed=5)(range(9)) != whole).any()


def test_a_smaller_set_starts_from_the_first_real_images_of_a_larger_one(tmp_path):
    seen = toy(tmp_path)
    network = seen.network(resnet8(tmp_path), epoch=1)
    few, many = (RealStart.drawn(seen, network, c, 0, flip=0.5) for c in (COUNTS, COUNTS + 3))
    assert few.source[2:5].tolist() == many.source[5:8].tolist()
    assert LABELS[many.source].tolist() == np.repeat(range(4), COUNTS + 3).tolist()
    np.testing.assert_array_equal(few((2, 4)), many((5, 7)))


def test_a_mirrored_row_is_the_mirror_image(tmp_path):
    seen = toy(tmp_path)
    network = seen.network(resnet8(tmp_path), epoch=1)
    plain, turned = (RealStart.drawn(seen, network, COUNTS, 0, flip=p) for p in (0.0, 1.0))
    np.testing.assert_array_equal(turned(range(9)), plain(range(9))[:, :, :, ::-1])


@dataclass(frozen=True, eq=False)
class Grey(Canvases):
    plan: Plan

    def draw(self, rows, progress=None):
        return np.full((len(rows), 8, 8, 3), 51, np.uint8)


def test_canvases_of_another_method_are_normalised_as_the_observer_does(tmp_path):
    network = toy(tmp_path).network(resnet8(tmp_path), epoch=1)
    mean, std = colours(network)
    start = CanvasStart(mean, std, Grey(Plan.without_sources(8, np.arange(4))))
    np.testing.assert_allclose(start((1, 2))[0, :, 0, 0], (0.2 - np.array(mean)) / std, rtol=1e-5)
    assert normalised(np.zeros((1, 8, 8, 3), np.uint8), mean, std).shape == (1, 3, 8, 8)
