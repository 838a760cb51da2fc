"""Numbers in messages."""

from smallset.numbers import counted, listed


def test_one_thing_is_not_in_the_plural():
    assert [counted(n, "bad file") for n in (0, 1, 2, 1234)] == [
        "0 bad files", "1 bad file", "2 bad files", "1,234 bad files",
    ]  # fmt: skip


def test_the_first_things_are_listed_and_the_others_counted():
    assert listed("ab") == "'a', 'b'"
    assert listed("abcdefg") == "'a', 'b', 'c', 'd', 'e' and 2 more"
    assert listed("ab", 2, total=1002) == "'a', 'b' and 1,000 more"
