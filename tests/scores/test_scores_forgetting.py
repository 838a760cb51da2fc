from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores_toy import toy

from smallset.observers import Observer
from smallset.scores import Forgetting
from smallset.scores.forgetting import forgotten, places

SHORT = Observer("resnet8", epochs=3)


def naive(right: list[bool]) -> int:
    if not any(right):
        return len(right)
    return sum(before and not after for before, after in pairwise(right))


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=8))
def test_events_are_counted_and_never_right_is_hardest(histories):
    found = forgotten(np.array(histories).T)
    assert found.tolist() == [naive(history) for history in histories]


def test_ties_are_broken_by_aum_below_half_an_event(work):
    observed = toy(work)
    found = Forgetting(observer=SHORT)(observed)
    right = np.stack([m["margin"] > 0 for m in observed.dynamics(SHORT).moments])
    events = forgotten(right)
    assert ((found >= events) & (found < events + 0.5)).all()
    margins = np.mean([m["margin"].astype(float) for m in observed.dynamics(SHORT).moments], axis=0)
    np.testing.assert_array_equal(np.argsort(found), np.lexsort((-margins, events)))


def test_events_are_averaged_over_runs(work):
    observed = toy(work)
    found = Forgetting(runs=2, observer=SHORT)(observed)
    events = np.mean(
        [
            forgotten(
                np.stack([m["margin"] > 0 for m in observed.dynamics(SHORT, run=run).moments])
            )
            for run in (0, 1)
        ],
        axis=0,
    )
    assert ((found >= events) & (found < events + 0.25)).all()


def test_places_are_among_as_many_events_and_ties_go_by_index():
    events = np.array([1, 0, 1, 1, 1], np.float32)
    hardness = np.array([0.5, 9, 0.1, 0.5, 0.3], np.float32)
    assert places(events, hardness).tolist() == [0.5, 0, 0, 0.75, 0.25]
    assert places(events[:0], hardness[:0]).tolist() == []


def test_a_million_images_are_told_apart_where_half_are_never_forgotten():
    draw = np.random.default_rng(0)
    # Fewer are forgotten the more often, and as many never learned in 60 epochs as float32 holds.
    events = np.minimum(draw.geometric(0.5, 1_281_167) - 1, 60).astype(np.float32)
    events[draw.permutation(len(events))[:100_000]] = 60
    found = (events + places(events, draw.random(len(events), np.float32)) / 2).astype(np.float32)
    assert len(np.unique(found)) == len(found)


def test_one_epoch_is_refused():
    said = (
        r"forgetting needs 2 epochs .* trains for 1\. Train longer: observer=observer\(epochs=10\)"
    )
    with pytest.raises(ValueError, match=said):
        Forgetting(observer=Observer(epochs=1))
