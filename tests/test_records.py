import dataclasses

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintParamViolation
from jaxtyping import TypeCheckError

from smallset.records import Classes, Plan, Scores, Selection, composed, part


def test_records_are_frozen():
    for record in (Classes(("a",)), Scores(np.zeros(1, np.float32)), Selection(np.zeros(1, int))):
        field = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field, None)


def test_names_in_two_unicode_forms_are_equal_when_composed():
    assert composed("cafe\u0301") == composed("caf\xe9") == "caf\xe9"
    assert composed("\udcff") == "\udcff"
    assert composed("ﬁ") == "ﬁ"  # a ligature is another name


def test_a_part_of_a_job_counts_on_and_says_which_it_is():
    told: list[tuple[str, int, int]] = []
    run = part(lambda *report: told.append(report), 1, 3, "run")
    part(run, 4, 10, "epoch")("score", 7, 50)
    part(run, 0, 10)("score", 7, 50)
    assert told == [
        ("score, run 2 of 3, epoch 5 of 10", 500 + 4 * 50 + 7, 1500),
        ("score, run 2 of 3", 500 + 7, 1500),
    ]


def test_the_only_part_is_the_job_and_nobody_is_told_of_it_unless_asked():
    assert part(print, 0, 1, "run") is print
    assert part(None, 0, 3, "run") is None


def test_tests_check_every_hint_and_that_shapes_agree():
    plan = Plan.without_sources(8, np.zeros(2, np.int64))
    with pytest.raises(BeartypeCallHintParamViolation, match=r"names=\['ape'\]"):
        Classes(["ape"])
    with pytest.raises(TypeCheckError, match="parameter 'label'"):
        dataclasses.replace(plan, label=plan.label[:1])
    with pytest.raises(TypeCheckError, match="parameter 'indices'"):
        Selection(np.zeros(2, np.int32))
