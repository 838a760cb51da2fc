"""Values read by type, and what is said of those that are of another."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from smallset.typed import Above, Share, Text, Whole, json_value, read_json, typed

WHERE = {"where": "it", "advice": "Restore it."}


@dataclass(frozen=True)
class Inner:
    share: Share | None
    fit: Literal["squash", "crop"] = "squash"


@dataclass(frozen=True)
class Outer:
    name: Text
    counts: tuple[Whole, ...]
    inner: Inner
    others: dict[str, Inner]
    colour: tuple[Above, Above, Above] = (1.0, 1.0, 1.0)
    told: Annotated[tuple[int, ...], Meta(min_length=2, description="two numbers, as [1, 2]")] = ()


GOOD: dict = {
    "name": "\udcff", "counts": [0, 2], "inner": {"share": 1}, "others": {"a.b": {"share": None}},
}  # fmt: skip


def test_values_become_what_their_types_say():
    made = typed(GOOD, Outer, **WHERE)
    assert made == Outer("\udcff", (0, 2), Inner(1.0), {"a.b": Inner(None)})
    assert isinstance(made.inner.share, float)
    assert typed([1, 2], tuple[int, ...], **WHERE) == (1, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "holds 'name' = '', but needs a text that is not empty there"),
        ({"name": True}, "holds 'name' = True, but needs a text"),
        ({"counts": [1, True]}, "holds 'counts.1' = True, but needs a whole number of at least 0"),
        ({"counts": [1.0]}, "holds 'counts.0' = 1.0"),
        ({"counts": "ab"}, "holds 'counts' = 'ab', but needs a list"),
        ({"inner": []}, "holds 'inner' = [], but needs an object"),
        ({"inner": {}}, "has no field 'inner.share', which must be a number above 0 and at most 1"),
        ({"inner": {"share": 2}}, "'inner.share' = 2, but needs a number above 0 and at most 1 or"),
        ({"inner": {"share": None, "fit": "x"}}, "'inner.fit' = 'x', but needs squash or crop"),
        ({"others": {"a": {"share": "x"}}}, "holds 'others.a.share' = 'x'"),
        ({"others": {"a": {"share": 1, "more": 2}}}, "has the unknown field 'others.a.more'"),
        ({"colour": [1, 2]}, "holds 'colour' = [1, 2], but needs a list of 3"),
        ({"colour": [1, 2, 0]}, "holds 'colour.2' = 0, but needs a number above 0 there"),
        ({"told": [1]}, "holds 'told' = [1], but needs two numbers, as [1, 2] there"),
        ({"told": [1, "x"]}, "holds 'told' = [1, 'x'], but needs two numbers, as [1, 2] there"),
        ({"more": 1}, "has the unknown field 'more'"),
    ],
)
def test_a_value_of_another_type_is_named_by_its_path(change, said):
    with pytest.raises(ValueError, match=r"\. Restore it\.$") as caught:
        typed(GOOD | change, Outer, **WHERE)
    assert str(caught.value).startswith("it ")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300


def test_unknown_fields_may_be_allowed():
    assert typed(GOOD | {"more": 1}, Outer, more=True, **WHERE).counts == (0, 2)
    assert read_json('{"share": 1, "more": 2}', Inner, more=True, **WHERE) == Inner(1.0)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_not_json_is_an_error(text):
    with pytest.raises(ValueError, match=r"^it is not valid JSON \(.*\)\. Restore it\.$"):
        json_value(text, **WHERE)


def test_a_value_that_is_nested_deeply_is_cut_in_the_message():
    value: list = []
    for _ in range(900):
        value = [value]
    with pytest.raises(ValueError, match=r"holds 'name' = \[\[\[+\.\.\.\]\]\]+, but needs a text"):
        typed(GOOD | {"name": value}, Outer, **WHERE)
