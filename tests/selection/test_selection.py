import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallset.selection import SELECTORS, Pool, Select

EVERY = pytest.mark.parametrize("name", SELECTORS)


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, int]:
    """(values with many ties, labels in any order, classes, the poorest class's count)."""
    classes = draw(st.integers(1, 5))
    counts = [draw(st.integers(1, 8)) for _ in range(classes)]
    labels = draw(st.permutations([c for c in range(classes) for _ in range(counts[c])]))
    values = [draw(st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-30])) for _ in labels]
    return np.array(values, np.float32), np.array(labels, np.int64), classes, min(counts)


@EVERY
@settings(max_examples=60, deadline=None)
@given(problem=problems(), seed=st.integers(0, 99))
def test_every_class_has_its_share_in_order_and_nothing_twice(name, problem, seed):
    values, labels, classes, poorest = problem
    for per_class in range(1, poorest + 1):
        pool = Pool(labels, classes, values)
        chosen = SELECTORS[name]()(pool, np.full(classes, per_class), seed=seed).indices
        assert chosen.dtype == np.int64
        assert len(set(chosen.tolist())) == len(chosen)
        np.testing.assert_array_equal(labels[chosen], np.repeat(np.arange(classes), per_class))


@EVERY
@settings(max_examples=60, deadline=None)
@given(problem=problems(), seed=st.integers(0, 99))
def test_prefix_of_selection_is_smaller_selection(name, problem, seed):
    values, labels, classes, poorest = problem
    select = SELECTORS[name]()

    def choose(per_class: int) -> np.ndarray:
        chosen = select(Pool(labels, classes, values), np.full(classes, per_class), seed=seed)
        return chosen.indices.reshape(classes, per_class)

    for per_class in range(1, poorest):
        np.testing.assert_array_equal(choose(poorest)[:, :per_class], choose(per_class))


@EVERY
def test_the_table_holds_selectors(name):
    assert isinstance(SELECTORS[name](), Select)
