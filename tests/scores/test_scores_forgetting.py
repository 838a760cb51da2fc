import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallset.scores import Observer
from smallset.scores.forgetting import Forgetting, events, folded, tie_break

MARGINS = arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 8)),
    elements=st.floats(-(2.0**100), 2.0**100, width=32) | st.sampled_from([-1.0, 0.0, 1.0]),
)


def naive(margins: list[float]) -> int:
    right = [m > 0 for m in margins]
    if not any(right):
        return len(right)
    return sum(right[t - 1] and not right[t] for t in range(1, len(right)))


def value(margins: np.ndarray) -> np.ndarray:
    return folded(events(margins), tie_break(margins), 1)


@given(MARGINS)
def test_the_whole_part_is_the_papers_count(margins):
    wanted = [naive(column.tolist()) for column in margins.T]
    assert events(margins).tolist() == wanted
    assert np.floor(value(margins)).tolist() == wanted


@given(MARGINS, st.randoms(use_true_random=False))
def test_each_image_is_counted_by_itself(margins, random):
    order = list(range(margins.shape[1]))
    random.shuffle(order)
    np.testing.assert_array_equal(value(margins[:, order]), value(margins)[order])


def test_counts_come_first_and_smaller_margins_are_harder_among_equals():
    margins = np.array([
        [3.0, 9, -1, 1, -5],
        [3.0, -9, -1, -1, -5],
        [3.0, 9, 1, 1, -5],
        [1.0, 9, 1, -5, -5],
    ], np.float32)  # fmt: skip
    assert events(margins).tolist() == [0, 1, 0, 2, 4]
    assert np.argsort(value(margins)).tolist() == [0, 2, 1, 3, 4]


def test_never_right_is_harder_than_any_number_of_events():
    swings = np.tile([[1.0], [-1.0]], (5, 1)).astype(np.float32)
    never = np.full((10, 1), -0.001, np.float32)
    assert value(never)[0] > value(swings)[0]
    assert value(np.zeros((10, 1), np.float32))[0] == 10.5


@pytest.mark.parametrize("count", [0, 1, 9, 150])
@pytest.mark.parametrize("runs", [1, 3, 7])
def test_no_fraction_reaches_the_next_count_in_float32(count, runs):
    counts, fractions = np.array([count, count, count + 1]), np.array([0, 1 - 1e-17, 0])
    low, high, following = folded(counts, fractions, runs)
    assert low < high < following
    assert low == np.float32(count / runs)


def test_runs_average_the_counts_and_then_break_ties(seen):
    observer = Observer("resnet8", epochs=6)
    runs = [seen.dynamics(observer, run=run) for run in (0, 1)]
    margins = [np.stack([m["margin"] for m in run.moments]) for run in runs]
    counts = np.mean([[naive(c.tolist()) for c in m.T] for m in margins], axis=0)
    found = Forgetting(runs=2, observer=observer)(seen)
    np.testing.assert_array_equal(np.floor(found * 2) / 2, counts)
    assert len(np.unique(counts)) < len(np.unique(found)) == len(found)
