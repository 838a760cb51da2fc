from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta as beta_distribution
from selection_toy import pool_of

from smallset.selection import Beta, Pool
from smallset.selection.beta import log_weights


@pytest.mark.parametrize("pruned", [0.3, 0.5, 0.9, 0.998])
@pytest.mark.parametrize("c", [2.0, 4.0])
def test_weights_are_the_density_times_the_score(pruned, c):
    draw = np.random.default_rng(0)
    mean, scores = draw.random((2, 50), np.float32)
    top = sorted(range(50), key=lambda i: -scores[i])[:10]
    b = 15 * (1 - sum(float(mean[i]) for i in top) / 10) * (1 - pruned**c)
    naive = [beta_distribution.pdf(m, 16 - b, b) * s for m, s in zip(mean, scores, strict=True)]
    found = log_weights(mean, scores, pruned, c)
    np.testing.assert_allclose(found - found[0], np.log(naive) - np.log(naive[0]), rtol=1e-6)


def test_the_pruned_share_is_that_of_all_images():
    draw = np.random.default_rng(0)
    # A thousand classes, each a draw of its own, and one that gives all of as many images again:
    # of all images 7/16 are pruned, of most classes 7/8.
    scores, sure = np.tile(draw.random((2, 8), np.float32), 2000)
    labels = np.minimum(np.arange(16_000) // 8, 1000)
    pool = Pool(labels, 1001, scores, None, lambda: sure)
    chosen = Beta()(pool, np.array([1] * 1000 + [8000]), seed=0).indices
    found = np.bincount(chosen[chosen < 8000] % 8, minlength=8) / 1000
    of_all, of_the_class = (
        np.exp(log_weights(sure, scores, pruned, 4.0)[:8]) for pruned in (7 / 16, 7 / 8)
    )
    np.testing.assert_allclose(found, of_all / of_all.sum(), atol=0.06)
    assert abs(found - of_the_class / of_the_class.sum()).max() > 0.12


def test_the_draw_is_without_replacement_by_weight():
    # Of three weights w, the pair without i comes with the chance of both its orders.
    scores = np.array([1, 2, 4], np.float32)
    half = np.full(3000, 0.5, np.float32)
    labels = np.repeat(np.arange(1000), 3)
    pool = Pool(labels, 1000, np.tile(scores, 1000), None, lambda: half)
    w = scores / scores.sum()
    chosen = Beta()(pool, np.full(1000, 2), seed=0).indices.reshape(1000, 2) % 3
    left_out = np.bincount(3 - chosen.sum(1), minlength=3) / 1000
    naive = [
        w[(i + 1) % 3] * w[(i + 2) % 3] * (1 / (1 - w[(i + 1) % 3]) + 1 / (1 - w[(i + 2) % 3]))
        for i in range(3)
    ]
    np.testing.assert_allclose(left_out, naive, atol=0.06)


def test_without_balance_the_draw_is_of_all_images_by_weight():
    scores, half = np.array([1, 2, 4], np.float32), np.full(3, 0.5, np.float32)
    pool = Pool(np.arange(3), 3, scores, None, lambda: half)
    drawn = [
        Beta(balanced=False)(pool, np.array([1, 0, 0]), seed=seed).indices[0]
        for seed in range(1000)
    ]
    found = np.bincount(drawn, minlength=3) / 1000
    np.testing.assert_allclose(found, scores / scores.sum(), atol=0.06)


def test_images_of_weight_0_come_last_in_random_order():
    scores = np.array([0, 0, 0, 0.5, 0.25], np.float32)
    sure = np.array([1, 0.5, 0, 0.5, 0.5], np.float32)
    pool = Pool(np.zeros(5, np.int64), 1, scores, None, lambda: sure)
    last = set()
    for seed in range(40):
        chosen = Beta()(pool, np.array([4]), seed=seed).indices.tolist()
        assert set(chosen[:2]) == {3, 4}
        last.add(tuple(chosen[2:]))
    assert len(last) == 6


def test_an_infinite_density_comes_first_unless_the_score_is_0():
    draw = np.random.default_rng(0)
    scores, sure = draw.random((2, 100), np.float32)
    sure[[7, 8]], scores[8] = 1, 0
    logs = log_weights(sure, scores, 0.999, 4.0)
    assert logs[7] == np.inf
    assert logs[8] == -np.inf
    pool = Pool(np.zeros(100, np.int64), 1, scores, None, lambda: sure)
    for seed in range(5):
        assert Beta(c=0.1)(pool, np.array([5]), seed=seed).indices[0] == 7


def test_probabilities_that_are_not_finite_or_none_are_refused():
    pool = pool_of()
    for value, said in (
        (np.nan, r"1 probabilities are not finite \(at the positions 5\)"),
        (
            1.5,
            r"1 mean probabilities are not in 0\.\.1, such as 1\.5 \(at the positions 5\)\.",
        ),
    ):
        sure = np.full(60, 0.5, np.float32)
        sure[5] = value
        with pytest.raises(ValueError, match=said):
            Beta()(replace(pool, probability=lambda sure=sure: sure), np.full(3, 2), seed=0)


@pytest.mark.parametrize("c", [0, -1, np.inf, np.nan])
def test_a_c_that_is_no_power_is_refused(c):
    with pytest.raises(ValueError, match=rf"beta's c={c} is not a power\. Give a number above 0"):
        Beta(c)
