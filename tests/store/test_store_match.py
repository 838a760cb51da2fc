from dataclasses import replace

import pytest
from set_toy import write

from smallset.records import Classes
from smallset.store import Codec, check_classes


@pytest.fixture
def manifest(make_dataset, make_plan, about, tmp_path):
    made = write(
        make_plan(), make_dataset(), tmp_path / "out", codec=Codec("png"), about=about, workers=1
    )
    return replace(made.manifest, classes=("ape", "bee", "cow"))


def test_the_same_classes_in_the_same_order_pass(manifest):
    assert check_classes(manifest, Classes(("ape", "bee", "cow")), data="zoo") is None


def test_another_order_is_an_error_that_names_the_first_difference(manifest):
    with pytest.raises(ValueError, match=r"'zoo' .* class 1 is 'bee' in the set and 'cow' in the"):
        check_classes(manifest, Classes(("ape", "cow", "bee")), data="zoo")


def test_other_classes_are_an_error_that_names_them(manifest):
    with pytest.raises(
        ValueError, match=r"only in the set: \['bee', 'cow'\], only in the data: \['x'\]"
    ):
        check_classes(manifest, Classes(("ape", "x")), data="zoo")


def test_two_unicode_forms_of_a_name_are_one_class(manifest):
    theirs = Classes(("cafe\u0301", "bee"))
    assert check_classes(replace(manifest, classes=("caf\xe9", "bee")), theirs, data="zoo") is None
    with pytest.raises(ValueError, match=r"class 0 is 'bee' in the set and 'caf\xe9' in the data"):
        check_classes(replace(manifest, classes=("bee", "caf\xe9")), theirs, data="zoo")


def test_two_forms_of_a_name_on_one_side_are_an_error_unless_both_sides_are_equal(manifest):
    twins = ("caf\xe9", "cafe\u0301")
    ours = replace(manifest, classes=twins)
    assert check_classes(ours, Classes(twins), data="zoo") is None
    with pytest.raises(
        ValueError,
        match=r"^the set has the classes 'caf\\xe9' and 'cafe\\u0301', which are one name",
    ):
        check_classes(ours, Classes(twins[::-1]), data="zoo")
    with pytest.raises(
        ValueError, match=r"^the test data 'zoo' has the classes 'caf\\xe9' and 'cafe"
    ):
        check_classes(manifest, Classes(twins), data="zoo")
