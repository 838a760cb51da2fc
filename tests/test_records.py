import dataclasses

import numpy as np
import pytest

from smallset.records import Classes, Scores, Selection, composed


def test_classes_count_their_names():
    assert len(Classes(("cat", "dog"))) == 2


def test_records_are_frozen():
    for record in (Classes(("a",)), Scores(np.zeros(1, np.float32)), Selection(np.zeros(1, int))):
        field = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field, None)


def test_scores_made_by_nobody_say_so():
    assert Scores(np.zeros(2, np.float32)).made_by == {}


def test_names_in_two_unicode_forms_are_equal_when_composed():
    assert composed("cafe\u0301") == composed("caf\xe9") == "caf\xe9"
    assert composed("\udcff") == "\udcff"
    assert composed("ﬁ") == "ﬁ"  # a ligature is another name
