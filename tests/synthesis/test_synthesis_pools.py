"""Pools by name, or as a tuple of observers."""

import pytest

from smallset.methods import method_from, spec_of
from smallset.models.table import MODELS
from smallset.observers import Observer, Pretrained
from smallset.synthesis.pools import POOLS, pool_of


def test_a_pool_is_a_tuple_of_observers_in_the_grammar():
    text = "g-vbsm(pool=(observer(model=resnet8, epochs=5), resnet20(weights=w.th, classes=same)))"
    method = method_from(text)
    assert method.synthesis.pool == (
        Observer("resnet8", 5), Pretrained("resnet20(weights=w.th, classes=same)")
    )  # fmt: skip
    assert method_from(spec_of(method)) == method
    assert method.looks_through == Observer("resnet8", 5)


def test_a_named_pool_stays_a_name_in_the_spec():
    assert "pool=small" in spec_of(method_from("edc"))


def test_the_small_pool_is_of_networks_of_our_own():
    assert {one.model for one in POOLS["small"]} - {"auto"} <= set(MODELS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("g-vbsm(pool=smal)", "there is no pool 'smal'. Did you mean 'small'\\?"),
        (
            "g-vbsm(pool=(observer(epochs=1),), epochs=5)",
            r"^pool=\(observer\(epochs=1\),\) names its own observers, so epochs=5",
        ),
        (
            "g-vbsm(pool=(observer(epochs=1), resnet8))",
            "^the observer 'resnet8' has learned nothing",
        ),
        ("g-vbsm(pool=(observer, 3))", "pool' must name an observer, not 3"),
        ("sre2l(area=(0, a, 1))", r"must be a tuple of 2 .*, not \(0, a, 1\)"),
        ("g-vbsm(pool=(observer(model=resnet9),))", "resnet9"),
    ],
)
def test_bad_pools_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        method_from(text)


def test_a_pool_needs_an_observer():
    with pytest.raises(ValueError, match="the pool has no observer"):
        pool_of((), epochs=None)
