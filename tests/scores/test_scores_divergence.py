import numpy as np
import pytest
from scores_toy import toy

from smallset.scores import Observer
from smallset.scores import divergence as module
from smallset.scores.divergence import Stretch, divergence, divergences

SHORT = Observer("resnet8", epochs=3)


@pytest.mark.parametrize("spread", [0.1, 3.0, 100.0])
def test_a_change_is_the_formula_spelled_out(spread):
    rng = np.random.default_rng(0)
    p, q = (np.exp(rng.normal(size=(50, 4)) * spread) for _ in range(2))
    p, q = (np.float32(v / v.sum(1, keepdims=True)) for v in (p, q))
    wanted = [
        sum(
            abs(float(b) * (np.log(float(b) + 1e-8) - np.log(float(a) + 1e-8)))
            for a, b in zip(x, y, strict=True)
        )
        for x, y in zip(p, q, strict=True)
    ]
    np.testing.assert_allclose(divergence(p, q), wanted, rtol=1e-5)


def test_nothing_changes_between_equal_and_between_certain_probabilities():
    p = np.array([[1, 0], [0.25, 0.75]], np.float32)
    assert divergence(p, p).tolist() == [0, 0]
    assert divergence(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32)).tolist() == [0, 0]
    swapped = divergence(p[:1], p[:1, ::-1])
    assert swapped[0] == pytest.approx(np.log(1e8), rel=1e-6)


def test_chunks_change_no_value(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "inference_batch", lambda size: 16)
    monkeypatch.setattr("smallset.train.evaluation.inference_batch", lambda size: 16)
    whole = divergences(toy(tmp_path / "whole"), SHORT, epochs=3, run=0)
    monkeypatch.setattr(module, "_HELD", 1)
    told: list[int] = []
    cut = divergences(
        toy(tmp_path / "cut", progress=lambda stage, done, total: told.append(done)),
        SHORT, epochs=3, run=0,
    )  # fmt: skip
    assert whole.shape == (40, 2)
    np.testing.assert_array_equal(whole, cut)
    assert told[-9:] == [16, 32, 48, 64, 80, 96, 104, 112, 120]


def test_they_are_made_once(tmp_path, monkeypatch):
    first = divergences(toy(tmp_path), SHORT, epochs=3, run=0)
    monkeypatch.setattr(module, "_changes", None)
    np.testing.assert_array_equal(first, divergences(toy(tmp_path), SHORT, epochs=3, run=0))
    assert len(list(tmp_path.rglob("divergences-3.npy"))) == 1


def test_a_stretch_is_some_of_the_images(seen):
    stretch = Stretch(seen.images, 10, 5)
    assert (len(stretch), stretch.size) == (5, 8)
    indices = np.array([0, 4])
    assert stretch.batch(indices).equal(seen.images.batch(indices + 10))
