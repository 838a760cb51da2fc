import re

import pytest

from smallset.models import MODELS
from smallset.scores import OBSERVERS, Observer
from smallset.scores.observer import RECIPES


@pytest.mark.parametrize(("size", "model"), [(8, "resnet8"), (64, "resnet8"), (65, "resnet10")])
def test_auto_goes_by_the_size(size, model):
    assert Observer().resolved(size=size).model == model
    assert Observer("resnet20").resolved(size=size).model == "resnet20"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "observer's epochs=0 trains nothing. Give at least 1."),
        ({"snapshots": 0}, "observer's snapshots=0 records nothing. Give how often an epoch it is "
         "looked at, at least 1."),
        ({"recipe": "observer-v2"}, "there is no recipe 'observer-v2'. Did you mean 'observer-v1'? "
         "Known: observer-v1."),
    ],
)  # fmt: skip
def test_a_bad_observer_is_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Observer(**options)


def test_an_observer_of_an_unknown_model_is_refused_before_any_training():
    with pytest.raises(ValueError, match="there is no model 'resnet9'"):
        Observer("resnet9")


def test_tables_hold_what_the_defaults_name():
    assert {"observer": Observer} == OBSERVERS
    assert Observer().recipe in RECIPES
    assert {"resnet8", "resnet10"} <= set(MODELS)
