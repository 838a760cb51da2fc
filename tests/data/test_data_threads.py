import threading
import time

import pytest

from smallset.data.threads import cores, ordered, thread_count


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items(threads):
    def slow_at_first(item: int) -> int:
        time.sleep(0.002 * (5 - item % 5))
        return item * item

    results = list(ordered(slow_at_first, range(20), threads=threads))
    assert results == [item * item for item in range(20)]


def test_only_a_bounded_number_of_items_is_taken_ahead():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    results = ordered(lambda item: item, items(), threads=2)
    next(results)
    assert len(taken) <= 5
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("smallset-ordered")]


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_thread_reaches_the_caller(threads):
    with pytest.raises(ZeroDivisionError):
        list(ordered(lambda item: 1 // item, [3, 2, 1, 0, 1], threads=threads))


def test_the_number_of_threads_is_the_one_given_or_suits_the_images():
    assert thread_count(3, mean_bytes=10) == 3
    assert thread_count(0, mean_bytes=1000) == 1
    assert thread_count(0, mean_bytes=100_000) == cores()
    with pytest.raises(ValueError, match=r"workers=-1; needed 0 \(all cores\) or more"):
        thread_count(-1, mean_bytes=10)
