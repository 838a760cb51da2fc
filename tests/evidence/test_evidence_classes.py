import math

import pytest

from smallset.evidence import mean_interval, per_class_intervals, worst_class

TWO = [(0.2, 0.9, 0.3), (0.4, 0.7, 0.1)]


def test_each_class_has_the_interval_of_its_own_replicates():
    found = per_class_intervals(TWO)
    assert [i.mean for i in found] == pytest.approx([0.3, 0.8, 0.2])
    assert found[1].half_width == pytest.approx(mean_interval([0.9, 0.7]).half_width)


def test_the_worst_class_is_one_class_for_all_replicates():
    # the replicates' own minima, 0.2 and 0.1, are of two classes
    found = worst_class(TWO)
    assert (found.index, found.accuracy.mean) == (2, pytest.approx(0.2))
    assert found.accuracy.n == 2


def test_ties_go_to_the_lower_index_and_one_replicate_is_enough():
    found = worst_class([(0.5, 0.1, 0.1)])
    assert found.index == 1
    assert math.isnan(found.accuracy.half_width)


def test_a_class_that_was_not_tested_is_never_the_worst():
    assert worst_class([(math.nan, 0.4, 0.3)]).index == 2
    with pytest.raises(ValueError, match=r"^all 2 classes have accuracy nan.*that has images"):
        worst_class([(math.nan, math.nan)])


@pytest.mark.parametrize("bad", [[], [()], [(0.1, 0.2), (0.1,)]])
def test_replicates_of_other_classes_are_not_averaged(bad):
    with pytest.raises(
        ValueError, match=rf"of {len(bad)} replicates with .* Compare results of on"
    ):
        per_class_intervals(bad)
