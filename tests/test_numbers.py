"""Numbers in messages."""

from smallset.numbers import counted


def test_one_thing_is_not_in_the_plural():
    assert [counted(n, "bad file") for n in (0, 1, 2, 1234)] == [
        "0 bad files", "1 bad file", "2 bad files", "1,234 bad files",
    ]  # fmt: skip
