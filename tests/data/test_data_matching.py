import pytest

from smallset.data.matching import counterparts

NFC, NFD = "caf\u00e9", "cafe\u0301"


def of(own, classes):
    return counterparts(own, classes, name="set", split="test")


def test_classes_are_matched_by_name_and_not_by_position():
    assert of(("bee", "cow", "ape"), ("ape", "bee", "cow")) == [2, 0, 1]


def test_names_that_differ_in_their_unicode_form_are_the_same_class():
    assert of(("bee", NFC), (NFD, "bee")) == [1, 0]
    assert of((NFD, "bee"), ("bee", NFC)) == [1, 0]


def test_both_forms_on_one_side_are_two_classes():
    assert of((NFC, NFD), (NFD, NFC)) == [1, 0]
    with pytest.raises(ValueError, match="differs from train in its classes; lacks: "):
        of((NFC, "bee"), (NFC, NFD, "bee"))


def test_what_only_one_side_has_is_named():
    with pytest.raises(
        ValueError,
        match=r"test split of 'set' differs from train in its classes; class\(es\) unknown to "
        r"train: 'cow'; lacks: 'ape'\. Needed the same classes in both\. Rename, add or remove",
    ):
        of(("bee", "cow"), ("ape", "bee"))
