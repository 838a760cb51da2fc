"""The rungs of successive halving, and their matrix."""

import pytest

from smallset.bench.matrix import parse_matrix
from smallset.budget import Bytes
from smallset.tuning.candidates import candidates
from smallset.tuning.rungs import Setting, matrix_of, rungs_of

SETTING = Setting("Toys", 'a "toy" é', 8, "squash", Bytes(2000), "convnet-d3")


def shape(count, steps=600):
    return [(rung.count, rung.steps, rung.draws) for rung in rungs_of(count, steps=steps)]


def test_each_rung_keeps_a_third_and_doubles_the_steps_and_the_last_one_draws_three_times():
    assert shape(27) == [(27, 150, 1), (9, 300, 1), (3, 600, 3)]
    assert shape(18) == [(18, 150, 1), (6, 300, 1), (2, 600, 3)]
    assert shape(4) == [(4, 300, 1), (2, 600, 3)]
    assert shape(1) == [(1, 600, 3)]
    assert sum(rung.students for rung in rungs_of(18, steps=600)) == 30


def test_so_few_steps_that_the_first_rung_has_none_are_refused():
    assert [steps for _, steps, _ in shape(18, 4)] == [1, 2, 4]
    with pytest.raises(ValueError, match=r"steps=3 is too small. Give .*, at least 4"):
        rungs_of(18, steps=3)


def test_a_method_that_names_a_codec_has_a_label_for_each():
    every = candidates(["pack", "random"], ["png", "webp:50"], size=8)
    (rung,) = rungs_of(1, steps=8)
    matrix = parse_matrix(matrix_of([(rung, every)], SETTING), "toys")
    assert [sweep.methods for sweep in matrix.sweeps] == [
        ("pack as png", "random"), ("pack as webp:50", "random"),
    ]  # fmt: skip
    made = [
        (matrix.spec(label, 8), sweep.codec_of(matrix.method(label)))
        for sweep in matrix.sweeps
        for label in sweep.methods
    ]
    assert made == [(candidate.spec, candidate.codec) for candidate in every]


def test_the_matrix_has_a_table_for_each_rung_and_codec_and_only_grows():
    every = candidates(["random", "prune(select=random, mosaic=sheet)"], ["png", "webp:50"], size=8)
    first, second = rungs_of(4, steps=8)
    begun = matrix_of([(first, every)], SETTING)
    grown = matrix_of([(first, every), (second, every[1:3])], SETTING)
    assert grown.startswith(begun)
    matrix = parse_matrix(grown, "toys")
    assert [sweep.title for sweep in matrix.sweeps] == [
        "rung 1, png", "rung 1, webp:50", "rung 2, png", "rung 2, webp:50",
    ]  # fmt: skip
    one, _, three, four = matrix.sweeps
    assert (one.methods, one.replicates) == (tuple(c.method for c in every[:2]), 1)
    assert (three.methods, four.methods) == ((every[1].method,), (every[2].method,))
    assert {(s.data, s.size, s.fit, s.students) for s in matrix.sweeps} == {
        ('a "toy" é', 8, "squash", ("convnet-d3",))
    }
    assert (four.protocols, four.replicates, four.observers) == (("small-v1(steps=8)",), 3, 1)
    assert four.budgets == (Bytes(2000),)
