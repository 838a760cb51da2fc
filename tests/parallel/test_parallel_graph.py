"""Which task may start."""

import pytest

from smallset.parallel import Graph, Task


def task(key: str, *needs: str) -> Task:
    return Task(key, print, (), needs)


def test_tasks_start_in_the_order_given_once_their_needs_are_done():
    graph = Graph([task("c", "a"), task("a"), task("b")])
    first, second = graph.take(), graph.take()
    assert (first.key, second.key) == ("a", "b")
    assert graph.take() is None
    graph.done(first)
    assert graph.take().key == "c"
    assert graph.take() is None


def test_a_task_that_becomes_ready_late_keeps_its_place_among_the_ready():
    graph = Graph([task("a", "b"), task("b"), task("c"), task("d")])
    assert graph.take().key == "b"
    graph.done(task("b"))
    assert [graph.take().key for _ in range(3)] == ["a", "c", "d"]


def test_lost_task_is_the_next_to_start():
    graph = Graph([task("a"), task("b")])
    a = graph.take()
    graph.lost(a, "killed")
    assert graph.take() == a


def test_two_tasks_of_one_key_are_an_error():
    with pytest.raises(ValueError, match=r"two tasks are called 'b'. Give every task a key"):
        Graph([task("a"), task("b"), task("b")])


def test_circle_of_needs_is_an_error_and_not_a_wait_without_end():
    with pytest.raises(ValueError, match="nodes are in a cycle"):
        Graph([task("c"), task("a", "b"), task("b", "a")])
