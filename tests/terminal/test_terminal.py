import pytest

from smallset.terminal import complain, duration, fitted, say


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_durations_are_in_the_unit_that_suits_them(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("as it is", 8, "as it is"),
        ("train, a-very-long-name, ipc 10", 24, "train, a-ve…name, ipc 10"),
        ("aaaa, bbbb, cccc", 9, "aaaa…cccc"),
        ("猫猫猫猫猫猫", 7, "猫猫…猫"),
        ("abc", 2, "…"),
    ],
)
def test_a_long_text_loses_the_middle_of_its_longest_part(text, columns, said):
    assert fitted(text, columns) == said


def test_what_the_user_named_is_printed_as_it_is(capsys):
    for text in (":cat:", "[bold]x[/bold]", "[/]", "\x1b[31m", "a" * 300, "Träumer"):
        say(text)
        complain(text)
        assert capsys.readouterr() == (f"{text}\n", f"Error: {text}\n")
