import json

import pytest

from smallset.exchange.naming import check_classes, match_classes, read_naming
from smallset.records import Classes

ZOO = Classes(("cow", "ape", "bee"))


def match(own, naming=None):
    return match_classes(own, ZOO, set="theirs", data="zoo", naming=naming).tolist()


@pytest.fixture
def naming(tmp_path):
    def write(value: object) -> str:
        path = tmp_path / "classes.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    return write


def test_classes_are_matched_by_name_and_not_by_position():
    assert match(["ape", "bee", "cow"]) == [1, 2, 0]


def test_a_file_pairs_names_and_wordnet_ids_either_way(naming):
    path = naming({"names": ["ape", "bee", "cow", "dog"], "wnids": ["n3", "n1", "n2", "n9"]})
    assert match(["n1", "n2", "n3"], path) == [2, 0, 1]
    assert match(["n1", "cow", "n3"], path) == [2, 0, 1]
    wnids = Classes(("n2", "n3"))
    found = match_classes(["ape", "cow"], wnids, set="s", data="d", naming=path)
    assert found.tolist() == [1, 0]


def test_every_class_without_a_counterpart_is_listed_on_both_sides():
    with pytest.raises(ValueError, match="never matched by position") as caught:
        match(["n1", "n2", "n3", "cow"])
    assert (
        "the 4 classes of the set 'theirs' are not the 3 of the data 'zoo': only in the set: "
        "'n1', 'n2', 'n3'; only in the data: 'ape', 'bee'. Needed the same classes by name or "
        "WordNet id"
    ) in str(caught.value)
    assert 'give --classes a JSON file {"names": ["tench", ...], "wnids"' in str(caught.value)


def test_fewer_classes_than_the_data_has_are_an_error():
    with pytest.raises(ValueError, match=r"'zoo': only in the data: 'cow'\. Needed"):
        match(["ape", "bee"])


def test_numbers_are_names_like_any_other():
    with pytest.raises(ValueError, match="only in the set: '0', '1', '2'; only in the data"):
        match(["0", "1", "2"])


def test_a_name_of_two_classes_is_not_guessed(naming):
    path = naming({"names": ["crane", "crane", "bee"], "wnids": ["cow", "ape", "n1"]})
    with pytest.raises(ValueError, match=r"with the names of '.*json': only in the set: 'crane'"):
        match(["crane", "bee", "ape"], path)


def test_two_classes_that_meet_in_one_are_an_error(naming):
    path = naming({"names": ["bee"], "wnids": ["n1"]})
    with pytest.raises(
        ValueError, match=r"'bee', 'n1' are several names of the same class\. Needed"
    ):
        match(["ape", "bee", "cow", "n1"], path)


def test_two_unicode_forms_of_a_name_are_one_class(naming):
    for ours, theirs in (("caf\xe9", "cafe\u0301"), ("cafe\u0301", "caf\xe9")):
        data = Classes(("bee", theirs))
        found = match_classes([ours, "bee"], data, set="s", data="d", naming=None)
        assert found.tolist() == [1, 0]
        path = naming({"names": ["bee", ours], "wnids": ["n1", "n2"]})
        assert match_classes(["n2", "n1"], data, set="s", data="d", naming=path).tolist() == [1, 0]
        with pytest.raises(ValueError, match=r"'d': only in the data: 'caf.*'\. Needed the same"):
            match_classes(["bee"], data, set="s", data="d", naming=None)


def test_two_forms_of_a_name_on_one_side_are_an_error_that_shows_them():
    twins = ("caf\xe9", "cafe\u0301")
    with pytest.raises(ValueError, match=r"^the set 's' has the classes") as caught:
        match_classes(twins, Classes(("caf\xe9", "bee")), set="s", data="d", naming=None)
    assert str(caught.value) == (
        r"the set 's' has the classes 'caf\xe9' and 'cafe\u0301', which are one name in two "
        "Unicode forms (NFC and another, such as NFD). Needed one class for each name. "
        "Rename one of them, or merge the two."
    )
    with pytest.raises(ValueError, match=r"^the data 'd' has the classes"):
        match_classes(["caf\xe9"], Classes(twins), set="s", data="d", naming=None)


def test_a_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"names '.*/no' does not exist\. Give --classes a"):
        read_naming(tmp_path / "no")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", r"'.*' is not valid JSON \(Expecting.*Needed .*Correct it"),
        ([1], r"names '.*' holds \[1\], but needs an object there\. Needed .* Correct it"),
        ({"names": ["a"]}, "has no field 'wnids', which must be a list"),
        ({"names": ["a", 1], "wnids": ["n", 2]}, r"holds 'names\.1' = 1, but needs a text there"),
        (
            {"names": ["a", "b"], "wnids": ["n"]},
            r"has 2 texts in 'names' and 1 in 'wnids'\. Needed as many of each",
        ),
    ],
)
def test_a_file_without_the_two_lists_is_an_error(naming, value, message):
    with pytest.raises(ValueError, match=message):
        read_naming(naming(value))


OURS = ("ape", "bee", "cow")


def test_the_same_classes_in_the_same_order_pass():
    assert check_classes(OURS, Classes(OURS), data="zoo") is None


def test_another_order_is_an_error_that_names_the_first_difference():
    with pytest.raises(ValueError, match=r"'zoo' .* class 1 is 'bee' in the set and 'cow' in the"):
        check_classes(OURS, Classes(("ape", "cow", "bee")), data="zoo")


def test_other_classes_are_an_error_that_names_them():
    with pytest.raises(
        ValueError, match=r"only in the set: \['bee', 'cow'\], only in the data: \['x'\]"
    ):
        check_classes(OURS, Classes(("ape", "x")), data="zoo")


def test_two_unicode_forms_of_a_name_are_one_class_at_one_index():
    theirs = Classes(("cafe\u0301", "bee"))
    assert check_classes(("caf\xe9", "bee"), theirs, data="zoo") is None
    with pytest.raises(ValueError, match=r"class 0 is 'bee' in the set and 'caf\xe9' in the data"):
        check_classes(("bee", "caf\xe9"), theirs, data="zoo")


def test_two_forms_of_a_name_on_one_side_are_an_error_unless_both_sides_are_equal():
    twins = ("caf\xe9", "cafe\u0301")
    assert check_classes(twins, Classes(twins), data="zoo") is None
    with pytest.raises(
        ValueError,
        match=r"^the set has the classes 'caf\\xe9' and 'cafe\\u0301', which are one name",
    ):
        check_classes(twins, Classes(twins[::-1]), data="zoo")
    with pytest.raises(
        ValueError, match=r"^the test data 'zoo' has the classes 'caf\\xe9' and 'cafe"
    ):
        check_classes(OURS, Classes(twins), data="zoo")
