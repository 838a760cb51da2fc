"""Budgets as text, and the three ways of giving one."""

import re

import pytest

from smallset.budget import DEFAULT, PerClass, Share, budget_from, one_budget


@pytest.mark.parametrize("budget", [PerClass(10), Share(0.3), Share(1.0)])
def test_a_budget_is_read_back_from_its_text(budget):
    assert budget_from(str(budget)) == one_budget(budget=str(budget)) == budget


def test_ten_images_a_class_are_the_default():
    assert one_budget() == DEFAULT == PerClass(10)
    assert one_budget(keep=0.2) == Share(0.2)


def test_two_budgets_at_once_are_refused():
    with pytest.raises(ValueError, match=r"ipc=10 and keep=0\.3 were both given, .*Give one of"):
        one_budget(10, 0.3)
    with pytest.raises(ValueError, match=r"ipc=10 and budget=keep=0\.3 were both given"):
        one_budget(10, budget="keep=0.3")


@pytest.mark.parametrize("keep", [0, -0.1, 1.01, 1.0000001, 30, float("nan"), float("inf")])
def test_what_is_not_a_share_is_refused(keep):
    said = f"keep={float(keep)} is not a share of the images. Give a number above 0 and at most 1"
    for give in (lambda: one_budget(keep=keep), lambda: budget_from(f"keep={keep}")):
        with pytest.raises(ValueError, match=re.escape(said)):
            give()


@pytest.mark.parametrize("text", ["", "ipc", "ipc10", "bits=3", "10", "=3"])
def test_text_that_is_not_a_budget_is_refused_with_the_kinds_there_are(text):
    with pytest.raises(ValueError, match=r"is not of a known kind.* such as ipc=10\. .*keep\.$"):
        budget_from(text)


@pytest.mark.parametrize("text", ["ipc=0", "ipc=-1", "ipc=1.5", "ipc=", "ipc=9999999999", "keep=x"])
def test_numbers_that_ask_for_nothing_are_refused(text):
    with pytest.raises(ValueError, match=rf"{text.partition('=')[0]}="):
        budget_from(text)
