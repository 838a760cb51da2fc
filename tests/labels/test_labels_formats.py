"""The formats of stored logits against naive arithmetic, and their bytes."""

import re

import numpy as np
import pytest

from smallset.labels.formats import FORMATS, Format, Top, Whole8, Whole16, Whole32


def logits(classes: int, views: int = 50) -> np.ndarray:
    return np.random.default_rng(classes).normal(0, 5, (views, classes)).astype(np.float32)


def softmax(z: np.ndarray, temperature: float) -> np.ndarray:
    powers = np.exp(z.astype(np.float64) / temperature)
    return powers / powers.sum(1, keepdims=True)


def again(form: Format, z: np.ndarray) -> np.ndarray:
    rows = form.encode(z)
    assert rows.shape == (len(z), form.row_bytes(z.shape[1]))
    return form.decode(rows, z.shape[1])


@pytest.mark.parametrize("classes", [2, 10, 257, 1000])
def test_float32_is_exact_and_float16_rounds(classes):
    z = logits(classes)
    np.testing.assert_array_equal(again(Whole32(), z), z)
    np.testing.assert_array_equal(again(Whole16(), z), z.astype(np.float16))


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_int8_is_within_a_level(classes):
    z = logits(classes)
    level = (z.max(1, keepdims=True) - z.min(1, keepdims=True)) / 255
    assert (np.abs(again(Whole8(), z) - z) <= level).all()
    np.testing.assert_allclose(softmax(again(Whole8(), z), 20), softmax(z, 20), rtol=5e-3)


def test_int8_of_equal_logits_is_exact():
    z = np.full((3, 4), 2.5, np.float32)
    np.testing.assert_array_equal(again(Whole8(), z), z)


@pytest.mark.parametrize(("classes", "k"), [(10, 1), (10, 3), (300, 5), (1000, 5), (1000, 250)])
def test_top_without_a_rest_is_a_softmax_over_the_k_alone(classes, k):
    z = logits(classes)
    found = again(Top(k, rest=False), z)
    kept = np.isfinite(found)
    assert (kept.sum(1) == k).all()
    for row, mine, mask in zip(z, found, kept, strict=True):
        assert {*np.flatnonzero(mask)} == {*np.argsort(row)[-k:]}
        np.testing.assert_array_equal(mine[mask], row[mask].astype(np.float16))
    naive = softmax(z, 20) * kept
    np.testing.assert_allclose(
        softmax(found, 20), naive / naive.sum(1, keepdims=True), rtol=2e-3, atol=1e-9
    )


@pytest.mark.parametrize("temperature", [1.0, 20.0])
def test_top_with_the_rest_keeps_the_mass_of_every_kept_class(temperature):
    z = logits(1000)
    found = again(Top(5, temperature=temperature), z)
    true, ours = softmax(z, temperature), softmax(found, temperature)
    kept = np.argsort(z)[:, -5:]
    mass = np.take_along_axis(true, kept, 1).sum(1)
    np.testing.assert_allclose(np.take_along_axis(ours, kept, 1).sum(1), mass, rtol=0.01)
    others = np.sort(ours)[:, :-5]
    np.testing.assert_allclose(others, others[:, :1].repeat(995, 1), rtol=1e-5)
    if temperature == 20:  # why the rest is kept
        assert 0.005 < mass.mean() < 0.015


@pytest.mark.parametrize("rest", [True, False])
@pytest.mark.parametrize("classes", [3, 10, 1000])
def test_top_with_every_class_is_float16(classes, rest):
    z = logits(classes)
    np.testing.assert_array_equal(again(Top(classes, rest=rest), z), z.astype(np.float16))


def test_the_bytes_of_a_view():
    """As counted in arXiv 2604.18135: 4k, or 2k and a bit for each class, whichever is smaller."""
    assert [FORMATS[f]().row_bytes(1000) for f in ("float32", "float16", "int8")] == [
        4000, 2000, 1004,
    ]  # fmt: skip
    counts = {1: 4, 10: 40, 50: 200, 100: 200 + 125, 250: 500 + 125}
    assert {k: Top(k, rest=False).row_bytes(1000) for k in counts} == counts
    assert Top(5, rest=True).row_bytes(1000) == 24
    assert Top(2, rest=False).row_bytes(10) == 4 + 2


def test_more_classes_than_there_are_cannot_be_kept():
    said = "top's k=11 is more than the 10 classes. Give k=10 or less."
    for act in (lambda: Top(11).row_bytes(10), lambda: Top(11).encode(logits(10))):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            act()
    with pytest.raises(ValueError, match=r"top.s k=0 at temperature=20.0 keeps no probability"):
        Top(0)


@pytest.mark.parametrize("form", [f() for f in FORMATS.values()], ids=list(FORMATS))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_logit_that_is_not_a_number_is_refused(form, bad):
    z = logits(10)
    z[3, 4] = bad
    with pytest.raises(ValueError, match=r"which does not fit the format. Needed finite logits"):
        form.encode(z)


def test_a_large_logit_fits_float32_alone():
    z = np.full((1, 20), 1e5, np.float32)
    np.testing.assert_array_equal(again(Whole32(), z), z)
    with pytest.raises(ValueError, match=r"a teacher's logit is 100000.0, which does not fit"):
        Whole16().encode(z)
