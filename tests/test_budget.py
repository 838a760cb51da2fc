"""Budgets as text, and the three ways of giving one."""

import re

import pytest

from smallset.budget import DEFAULT, Bytes, PerClass, Share, budget_from, limit_of, one_budget


@pytest.mark.parametrize("budget", [PerClass(10), Share(0.3), Share(1.0), Bytes(230_000)])
def test_a_budget_is_read_back_from_its_text(budget):
    assert budget_from(str(budget)) == one_budget(budget=str(budget)) == budget


def test_ten_images_a_class_are_the_default():
    assert one_budget() == DEFAULT == PerClass(10)
    assert one_budget(keep=0.2) == Share(0.2)


@pytest.mark.parametrize("budget", [0, 230_000, 12.5, True, b"ipc=1"])
def test_what_is_neither_text_nor_a_budget_is_refused(budget):
    with pytest.raises(ValueError, match=r"is not a budget\. Needed a text, such as 'ipc=10'"):
        one_budget(budget=budget)


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


@pytest.mark.parametrize(
    ("typed", "size", "written"),
    [
        ("230kB", 230_000, "230kB"),
        ("230 kB", 230_000, "230kB"),
        ("250000", 250_000, "250kB"),
        ("1.5MiB", 1_572_864, "1.5MiB"),
        ("1183kB", 1_183_000, "1183kB"),
        ("24KiB", 24_576, "24KiB"),
        ("2GB", 2_000_000_000, "2GB"),
        ("999", 999, "999B"),
        ("23761B", 23_761, "23761B"),
    ],
)
def test_bytes_are_exact_whatever_their_unit(typed, size, written):
    budget = budget_from(f"bytes={typed}")
    assert (budget, str(budget), limit_of(str(budget))) == (Bytes(size), f"bytes={written}", size)
    assert limit_of("ipc=10") is limit_of(None) is limit_of("other=3") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("230kb", "has the unit 'kb', which is not a unit of bytes. Give one of GB, MB, kB, GiB,"),
        ("3tiles", "has the unit 'tiles', which is not a unit of bytes."),
        ("0", "bytes=0 is too small. Give bytes of image files, at least 1."),
        ("0.0001kB", "is 0.1000 bytes, which is not whole. Give whole bytes."),
        ("-3kB", "is not a number of bytes. Give one, such as bytes=230kB or bytes=1.5MiB."),
        ("kB", "is not a number of bytes."),
        ("", "is not a number of bytes."),
    ],
)
def test_text_that_is_no_number_of_bytes_is_refused(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        budget_from(f"bytes={text}")
