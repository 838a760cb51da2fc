import pytest

from smallset.store.fields import Fields

VALUES = {
    "text": "a",
    "number": 3,
    "share": 0.5,
    "none": None,
    "numbers": [1, 2],
    "texts": ["a", "b"],
    "mapping": {"k": "v"},
}


def test_every_field_is_read_as_its_type():
    fields = Fields(VALUES, "it")
    fields.only(VALUES)
    assert fields.text("text") == "a"
    assert fields.number("number") == fields.number_or_none("number") == 3
    assert fields.number_or_none("none") is None
    assert (fields.share_or_none("share"), fields.share_or_none("none")) == (0.5, None)
    assert fields.numbers("numbers") == (1, 2)
    assert fields.texts("texts") == ("a", "b")
    assert fields.mapping("mapping") == {"k": "v"}


@pytest.mark.parametrize(
    ("read", "key", "message"),
    [
        ("text", "number", r"^it holds 'number' = 3, but needs a text there\. It was edited or da"),
        ("number", "text", r"holds 'text' = 'a', but needs a whole number of at least 0"),
        ("number", "none", r"holds 'none' = None"),
        ("share_or_none", "number", r"holds 'number' = 3, but needs a number above 0 and at mo"),
        ("share_or_none", "text", r"holds 'text' = 'a', but needs a number above 0"),
        ("numbers", "texts", r"holds 'texts' = 'a', but needs a whole number"),
        ("texts", "numbers", r"holds 'numbers' = \[1, 2\], but needs a list of texts"),
        ("texts", "text", r"holds 'text' = 'a', but needs a list there"),
        ("mapping", "text", r"^it, 'text' holds 'a', but needs an object there"),
        ("text", "gone", r"^it has no field 'gone', which must be a text\. It was edited or dam"),
    ],
)
def test_a_field_of_another_type_is_named_with_the_way_out(read, key, message):
    with pytest.raises(ValueError, match=message):
        getattr(Fields(VALUES, "it"), read)(key)


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(ValueError, match=r"holds 'x' = 'a{76}\.\.\., but") as caught:
        Fields({"x": "a" * 5000}, "it").number("x")
    assert len(str(caught.value)) < 300


def test_an_unknown_field_is_named():
    with pytest.raises(ValueError, match=r"^it has the unknown field 'mapping'"):
        Fields(VALUES, "it").only(["text", "number", "none", "numbers", "texts"])


def test_what_is_no_object_is_named():
    with pytest.raises(ValueError, match=r"^it holds \[1\], but needs an object there"):
        Fields([1], "it")


def test_a_value_that_is_nested_deeply_is_cut_in_the_message():
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(
        ValueError, match=r"holds 'x' = \[\[\[+\.\.\.\]\]\]+, but needs a whole number"
    ):
        Fields({"x": value}, "it").number("x")
