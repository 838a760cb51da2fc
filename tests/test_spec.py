import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallset.spec import (
    Call,
    Spelled,
    build,
    first_line,
    nearest,
    portable,
    quoted,
    read,
    split,
    write,
)


class Shape:
    """What the tables below build."""


class Ink:
    """A second kind, nested in the first."""


@dataclass(frozen=True)
class Plain(Ink):
    """Ink of one shade.

    And nothing else.
    """

    shade: str = "black"


@dataclass(frozen=True)
class Box(Shape):
    width: int = 1
    scale: float = 1.0
    name: str = "box"
    solid: bool = True
    corners: Literal["round", "sharp", 3] = "round"
    pair: tuple[float, float] = (0.0, 1.0)
    many: int | tuple[int, ...] = 1
    limit: int | None = None
    ink: Ink | None = None


@dataclass(frozen=True)
class Dot(Shape):
    pass


@dataclass(frozen=True)
class Inked(Shape):
    ink: Ink = Plain()


def framed(width: int = 1, inside: Shape = Inked()) -> Shape:
    """A shape in a frame."""
    return inside


def doubled(width: int = 2) -> Box:
    """A box twice as wide."""
    return Box(width=2 * width)


TABLES: Mapping[type, Mapping[str, Callable[..., object]]] = {
    Shape: {"box": Box, "dot": Dot, "doubled": doubled, "inked": Inked, "framed": framed},
    Ink: {"plain": Plain},
}


def shape(text: str) -> object:
    return build(text, Shape, TABLES)


def message(text: str) -> str:
    try:
        shape(text)
    except ValueError as error:
        return str(error)
    pytest.fail(f"{text!r} was built")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("box", Box()),
        ("box()", Box()),
        ("  box ( width = 3 )  ", Box(width=3)),
        ("box(3)", Box(width=3)),
        ("box(3, 0.5, solid=false)", Box(width=3, scale=0.5, solid=False)),
        ("box(width=-3, scale=+1e-3)", Box(width=-3, scale=0.001)),
        ("box(scale=2)", Box(scale=2.0)),
        ("box(scale=.5)", Box(scale=0.5)),
        ("box(name=resnet18-3x3)", Box(name="resnet18-3x3")),
        ("box(name=timm:efficientnet_b0.ra_in1k)", Box(name="timm:efficientnet_b0.ra_in1k")),
        ("box(name=3x3)", Box(name="3x3")),
        ("box(name='a (b), c=d')", Box(name="a (b), c=d")),
        ('box(name="it\'s")', Box(name="it's")),
        ("box(corners=sharp)", Box(corners="sharp")),
        ("box(corners=3)", Box(corners=3)),
        ("box(pair=(0.25, 1))", Box(pair=(0.25, 1.0))),
        ("box(many=4)", Box(many=4)),
        ("box(many=(4, 5, 6))", Box(many=(4, 5, 6))),
        ("box(many=(4,))", Box(many=(4,))),
        ("box(limit=none)", Box()),
        ("box(limit=7)", Box(limit=7)),
        ("box(ink=plain)", Box(ink=Plain())),
        ("box(ink=plain(grey))", Box(ink=Plain("grey"))),
        ("box(ink=plain(shade=grey), width=2,)", Box(width=2, ink=Plain("grey"))),
        ("doubled(4)", Box(width=8)),
        ("dot", Dot()),
    ],
)
def test_a_spec_builds_what_it_says(text, wanted):
    assert shape(text) == wanted


def test_reading_looks_nothing_up():
    assert read("nobody(1, knows=it)").name == "nobody"
    assert read("nobody(1, 2.0)") == Call("nobody", (1, 2.0), {})


def test_the_canonical_spec_has_every_option_in_field_order():
    assert write(Box(width=2, many=(4,), ink=Plain()), TABLES) == (
        "box(width=2, scale=1.0, name=box, solid=true, corners=round, pair=(0.0, 1.0), "
        "many=(4,), limit=none, ink=plain(shade=black))"
    )
    assert write(Dot(), TABLES) == "dot"


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), max_size=12
) | st.sampled_from(["true", "none", "5", "-1e5", "3x3", "1.", "timm:x", "a b", "", '"', "(", "=,"])
BOXES = st.builds(
    Box,
    width=st.integers(-(10**20), 10**20),
    scale=st.floats(allow_nan=False, allow_infinity=False),
    name=WORDS,
    solid=st.booleans(),
    corners=st.sampled_from(["round", "sharp", 3]),
    pair=st.tuples(*[st.floats(0, 1)] * 2),
    many=st.integers() | st.lists(st.integers(), max_size=4).map(tuple),
    limit=st.none() | st.integers(),
    ink=st.none() | st.builds(Plain, WORDS),
)


@settings(max_examples=300, deadline=None)
@given(BOXES)
def test_what_is_written_builds_the_same_object(box):
    text = write(box, TABLES)
    assert shape(text) == box
    assert write(shape(text), TABLES) == text


@settings(max_examples=300, deadline=None)
@given(st.text("box(),=\"' 1.e-", max_size=20))
def test_any_text_is_read_or_refused_with_the_grammar(text):
    try:
        read(text)
        said = ""
    except ValueError as error:
        said = str(error)
    if said:
        assert said.startswith(f"cannot read the spec {text!r}: it needs ")
        assert "Write name or name(option=value, ...)" in said


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("", "a name such as pca"),
        ("   ", "a name such as pca"),
        ("5", "a name such as pca"),
        ("'box'", "a name such as pca"),
        ("(1, 2)", "a name such as pca"),
        ("box)", "nothing after the spec, but found ')'"),
        ("box box", "nothing after the spec, but found 'box'"),
        ("box(", "a closing ')'"),
        ("box(width=", "a value for 'width'"),
        ("box(width=)", "a value, but found ')'"),
        ("box(,)", "a value, but found ','"),
        ("box(width=1 2)", "',' or ')', but found '2'"),
        ("box(width=1, width=2)", "'width' once"),
        ("box(width=1, 2)", "every option after a named one to be named too"),
        ("box(pair=(a=1))", "plain values in a tuple, without '='"),
        ("box(name='open)", 'a name, a number or one of ( ) , = at "\'open)"'),
    ],
)
def test_bad_grammar_says_what_is_needed_and_how_to_write(text, needs):
    assert message(text) == (
        f"cannot read the spec {text!r}: it needs {needs}"
        f"{' or pca(factor=2)' if 'such as' in needs else ''}. "
        "Write name or name(option=value, ...), for example pca(score=el2n(epochs=10), factor=2)."
    )


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("box(" + "(" * 2000, "brackets at most 20 deep"),
        ("a(" * 500 + ")" * 500, "brackets at most 20 deep"),
        ("box(ink=" * 21 + ")" * 21, "brackets at most 20 deep"),
        (f"box({'9' * 5000})", "numbers of at most 100 characters"),
        (f"box(1.{'0' * 200})", "numbers of at most 100 characters"),
        ("box(scale=1e999)", "finite numbers, but 1e999 is too large"),
        ("box(pair=(0, -1e999))", "finite numbers, but -1e999 is too large"),
        (f"box({'x' * 10_000})", "at most 10000 characters, but has 10005"),
    ],
)
def test_what_is_too_deep_too_long_or_too_large_is_refused_in_one_short_line(text, needs):
    said = message(text)
    shown = repr(text) if len(text) <= 300 else f"{text[:300]!r}..."
    assert said.startswith(f"cannot read the spec {shown}: it needs {needs}. Write name or ")
    assert len(said) < 600


def test_brackets_may_be_twenty_deep():
    assert read("a(" * 20 + ")" * 20).name == "a"
    assert read("a((((1,),),),)") == Call("a", ((((1,),),),), {})


def test_an_unknown_name_gets_the_nearest_and_the_list():
    assert message("bx") == (
        "there is no shape 'bx'. Did you mean 'box'? Known: box, dot, doubled, inked, framed."
    )
    assert message("zzzzz") == "there is no shape 'zzzzz'. Known: box, dot, doubled, inked, framed."
    assert message("box(ink=plan)") == (
        "there is no ink 'plan'. Did you mean 'plain'? Known: plain."
    )


def test_an_unknown_option_gets_the_nearest_and_the_list():
    assert message("box(widht=2)") == (
        "'box' has no option 'widht'. Did you mean 'width'? Known: "
        "width, scale, name, solid, corners, pair, many, limit, ink."
    )
    assert message("inked(shade=grey)") == (
        "'inked' has no option 'shade', but a part of it has: ink=plain(shade=...). Known: ink."
    )
    assert message("framed(shade=grey)").startswith(
        "'framed' has no option 'shade', but a part of it has: inside=inked(ink=plain(shade=...)). "
    )
    assert message("dot(size=2)") == "'dot' has no option 'size'. It takes no options."


def test_an_option_given_by_place_and_by_name_is_refused():
    assert message("box(1, width=2)") == "'box' was given 'width' twice. Give it once."


def test_more_places_than_options_are_refused():
    assert message("doubled(1, 2)") == "'doubled' takes 1 options, but 2 were given. Known: width."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("box(width=2.5)", "box's option 'width' must be a whole number, not 2.5."),
        ("box(width=true)", "box's option 'width' must be a whole number, not true."),
        ("box(width=wide)", "box's option 'width' must be a whole number, not 'wide'."),
        ("box(width=none)", "box's option 'width' must be a whole number, not none."),
        ("box(scale=big)", "box's option 'scale' must be a number, not 'big'."),
        ("box(scale=true)", "box's option 'scale' must be a number, not true."),
        ("box(name=5)", "box's option 'name' must be a word, not 5."),
        ("box(solid=1)", "box's option 'solid' must be true or false, not 1."),
        ("box(corners=cut)", "box's option 'corners' must be one of round, sharp, 3, not 'cut'."),
        (
            "box(pair=(1, 2, 3))",
            "box's option 'pair' must be a tuple of 2 (a number, a number), not (1, 2, 3).",
        ),
        (
            "box(many=(1, 2.5))",
            "a part of box's option 'many' must be a whole number, not 2.5.",
        ),
        (
            "box(many=few)",
            "box's option 'many' must be a whole number or a tuple, each a whole number, "
            "not 'few'.",
        ),
        ("box(limit=few)", "box's option 'limit' must be a whole number or none, not 'few'."),
        ("box(width=dot(1))", "box's option 'width' must be a whole number, not dot(...)."),
        ("box(ink=5)", "box's option 'ink' must name an ink, not 5. Known: plain."),
    ],
)
def test_a_value_of_another_type_is_refused(text, said):
    assert message(text) == said


def test_an_object_that_is_no_dataclass_cannot_be_written():
    with pytest.raises(ValueError, match="Make its class a frozen dataclass") as caught:
        write(Ink(), TABLES)
    assert "cannot be written as a spec" in str(caught.value)


def test_an_option_that_is_text_may_be_a_spec_without_quotes():
    box = build("box(name=net(weights=\"it's.pt\", as='a\"b'))", Shape, TABLES)
    assert box.name == "net(weights=\"it's.pt\", as='a\"b')"
    assert build(write(box, TABLES), Shape, TABLES) == box
    quoted = build('box(name="net(w=1)")', Shape, TABLES)
    assert build("box(name=net(w=1))", Shape, TABLES) == quoted


def test_text_with_both_quotes_that_is_not_a_spec_cannot_be_written():
    with pytest.raises(ValueError, match="holds both kinds of quotes"):
        write(Box(name="\"'"), TABLES)


def test_an_unregistered_dataclass_is_written_under_its_full_name():
    assert write(Plain(), {}) == f"{Plain.__module__}.Plain(shade=black)"


def test_the_nearest_name_ignores_case():
    assert nearest("BOX", ["box", "dot"]) == "Did you mean 'box'? Known: box, dot."


def test_the_line_of_an_entry_is_its_docstrings_first():
    assert first_line(Plain) == "Ink of one shade."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("el2n", ["el2n"]),
        ("el2n, aum ,loss", ["el2n", "aum", "loss"]),
        ("el2n(epochs=(8, 9), runs=2),aum", ["el2n(epochs=(8, 9), runs=2)", "aum"]),
        ('file("a,b(.csv", x),aum', ['file("a,b(.csv", x)', "aum"]),
        ("el2n; el2n(runs=3);file('a;b', x)", ["el2n", "el2n(runs=3)", "file('a;b', x)"]),
        ("el2n(runs=3,aum", ["el2n(runs=3,aum"]),
        ("el2n,", ["el2n", ""]),
    ],
)
def test_a_list_of_specs_is_split_at_its_own_commas(text, parts):
    assert split(text) == parts


@dataclass(frozen=True)
class Own(Ink, Spelled):
    """Ink that is mixed as its own text says."""

    text: str

    @classmethod
    def spelled(cls, text: str, *, quoted: bool) -> "Own | None":
        return cls(text) if quoted or text.startswith("mix") else None

    @property
    def spelling(self) -> str:
        return self.text if self.text.startswith("mix") else quoted(self.text, always=True)


@dataclass(frozen=True)
class Pot:
    size: int
    depth: int
    lid: bool = False


@pytest.mark.parametrize(
    ("text", "own", "written"),
    [
        ("mix", "mix", "mix"),
        ("mix(1, b=(2.50,'x y', true), c=mix(none))", "mix(1, b=(2.5, \"x y\", true), c=mix(none))",
         "mix(1, b=(2.5, \"x y\", true), c=mix(none))"),
        ("'plain (1)'", "plain (1)", '"plain (1)"'),
        ("'plain'", "plain", '"plain"'),
    ],
)  # fmt: skip
def test_an_object_that_is_its_own_spec_takes_what_a_table_does_not_know(text, own, written):
    tables = {**TABLES, Ink: {"plain": Plain, "MIX(...)": Own}}
    box = build(f"box(ink={text})", Shape, tables)
    assert box == Box(ink=Own(own))
    assert write(box, tables, brief=True) == f"box(ink={written})"
    assert build(write(box, tables), Shape, tables) == box


@pytest.mark.parametrize("text", ["plane", "plane(1)"])
def test_what_it_does_not_take_is_unknown_and_its_key_says_what_works(text):
    tables = {**TABLES, Ink: {"plain": Plain, "MIX(...)": Own}}
    assert build("box(ink=plain)", Shape, tables) == Box(ink=Plain())
    with pytest.raises(ValueError, match="there is no ink 'plane'") as caught:
        build(f"box(ink={text})", Shape, tables)
    assert str(caught.value).endswith("Did you mean 'plain'? Known: plain, MIX(...).")


def test_an_option_without_a_default_has_to_be_given():
    tables = {Pot: {"pot": Pot}}
    assert build("pot(1, depth=2)", Pot, tables) == Pot(1, 2)
    for text, said in {
        "pot": "'pot' needs 'size' and 'depth', which have no default. Write pot(size=..., depth=",
        "pot(1)": "'pot' needs 'depth', which has no default. Write pot(depth=...).",
    }.items():
        with pytest.raises(ValueError, match=re.escape(said)):
            build(text, Pot, tables)


def test_text_is_quoted_where_it_must_be_or_always():
    assert (quoted("a/b"), quoted("a b"), quoted("5"), quoted("none")) == (
        "a/b", '"a b"', '"5"', '"none"'
    )  # fmt: skip
    assert quoted("a/b", always=True) == '"a/b"'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("el2n", "el2n"),
        (
            "loss( a(weights=/home/me/W.th , classes=same) )",
            "loss( a(weights=W.th , classes=same) )",
        ),
        ("loss(a(weights='/home/my folder/W 1.th'))", "loss(a(weights='W 1.th'))"),
        ("loss(observer='runs/teacher/')", "loss(observer='teacher')"),
        ("loss(observer=~/teacher)", "loss(observer=teacher)"),
        (r"loss(observer='C:\\me\\teacher')", "loss(observer='teacher')"),
        (
            "file(a/s.parquet, 'loss(b(weights=/home/me/W.th))')",
            "file(s.parquet, 'loss(b(weights=W.th))')",
        ),
        ("file(/, 'x y')", "file(/, 'x y')"),
        ("el2n(epochs=(1, 2.50), runs=1)", "el2n(epochs=(1, 2.50), runs=1)"),
    ],
)
def test_a_portable_spec_has_the_names_of_files_alone(text, name):
    assert portable(text) == name
    assert portable(name) == name
