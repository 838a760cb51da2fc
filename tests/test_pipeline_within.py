"""The largest number that fits, found in few tries."""

import numpy as np
import pytest

from smallset.pipeline.within import most_within


@pytest.mark.parametrize("most", [None, 5000, 40, 1])
@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("limit", [1_000, 23_800, 237_000])
def test_the_largest_number_that_fits_is_found_in_few_tries(limit, spread, most):
    rng = np.random.default_rng(0)
    total = np.cumsum(200 + np.exp(rng.normal(3, 1 + spread, 6000)).astype(int))
    tried: list[int] = []

    def bytes_of(number: int) -> int:
        tried.append(number)
        return int(total[number - 1])

    found, one = most_within(limit, most, bytes_of)
    assert one == total[0]
    assert found == min(int((total <= limit).sum()), most or len(total))
    assert len(tried) == len({*tried}) <= 16


def test_what_has_no_room_for_one_says_the_bytes_of_one():
    assert most_within(9, None, lambda number: 10 * number) == (0, 10)


def test_a_number_that_fits_is_found_where_more_images_take_fewer_bytes():
    sizes = [0, 5, 9, 8, 11, 7, 12, 13]
    found, _ = most_within(10, 7, sizes.__getitem__)
    assert sizes[found] <= 10 < sizes[found + 1]
