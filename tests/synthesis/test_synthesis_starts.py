"""What images start from."""

import numpy as np
from scores_toy import _PIXELS, LABELS

from smallset.synthesis.starts import NoiseStart, PixelStart, real_start

COUNTS = np.array([2, 3, 2, 2])


def test_noise_depends_on_the_image_and_not_on_its_company():
    start = NoiseStart(8, COUNTS, seed=4)
    whole = start(range(9))
    np.testing.assert_array_equal(start((1, 3, 8)), whole[[1, 3, 8]])
    assert (NoiseStart(8, COUNTS, seed=5)(range(9)) != whole).any()


def test_a_smaller_set_starts_from_the_first_real_images_of_a_larger_one(seen, network):
    few, many = (real_start(seen, network, c, 0, flip=0.5) for c in (COUNTS, COUNTS + 3))
    np.testing.assert_array_equal(few(range(2, 5)), many(range(5, 8)))
    plain = real_start(seen, network, COUNTS + 3, 0).pixels(range(21))
    assert 3 < (many.pixels(range(21)) != plain).any((1, 2, 3)).sum() < 18  # mirrored by chance
    plain = plain.transpose(0, 3, 1, 2)
    source = (plain[:, None] == _PIXELS).all((2, 3, 4)).argmax(1)
    assert len({*source}) == 21
    assert LABELS[source].tolist() == np.repeat(range(4), COUNTS + 3).tolist()


def test_a_mirrored_row_is_the_mirror_image(seen, network):
    plain, turned = (real_start(seen, network, COUNTS, 0, flip=p) for p in (0.0, 1.0))
    np.testing.assert_array_equal(turned(range(9)), plain(range(9))[:, :, :, ::-1])


def test_pixels_are_normalised_as_the_observer_does(network):
    start = PixelStart(network, lambda rows: np.full((len(rows), 8, 8, 3), 51, np.uint8))
    mean, std = (one.flatten().numpy() for one in (network.mean, network.std))
    found = start((1, 2))
    assert found.shape == (2, 3, 8, 8)
    np.testing.assert_allclose(found[0, :, 0, 0], (0.2 - mean) / std, rtol=1e-5)
