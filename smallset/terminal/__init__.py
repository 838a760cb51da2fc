"""The output of the commands: shared functions here, and one file for each kind of output."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from smallset.report.table import Table

WIDTH = 99
"""The maximal number of columns in a line of progress."""


def console(*, stderr: bool = False) -> "Console":
    """Return a console whose lines are not wrapped, so that a log can be searched.

    Markup and emoji are off, because a user's text may contain "[x]" or ":cat:".
    """
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


def say(line: str) -> None:
    """Print a line of the result on stdout."""
    print(line, flush=True)


def complain(error: str) -> None:
    """Print an error on stderr."""
    note(f"Error: {error}")


def note(line: str) -> None:
    """Print a line of progress on stderr."""
    if sys.stderr is not None:  # None if stderr is closed
        print(line, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Format a duration in seconds, minutes or hours, whichever suits."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def fitted(text: str, columns: int) -> str:
    """Shorten a text to a number of columns.

    The text consists of parts between commas. The longest parts lose their middles first.
    """
    from rich.cells import cell_len

    for parts in (text.split(", "), [text]):
        for most in range(max(map(len, parts)), 2, -1):
            line = ", ".join(_shortened(part, most) for part in parts)
            if cell_len(line) <= columns:
                return line
    return "…"


def _shortened(word: str, most: int) -> str:
    if len(word) <= most:
        return word
    tail = (most - 1) // 2
    return f"{word[: most - 1 - tail]}…{word[len(word) - tail :]}"


def percent(fraction: float) -> str:
    """Format a fraction in percent."""
    return f"{100 * fraction:.2f} %"


def bytes_against(image_bytes: int, source_bytes: int) -> str:
    """Format the bytes of images, with the ratio to the bytes of their source."""
    ratio = source_bytes / image_bytes
    times = f"{ratio:,.1f}x fewer" if ratio >= 1 else f"{1 / ratio:,.1f}x more"
    return f"{image_bytes:,} bytes, {times} than the source's {source_bytes:,}"


def show_list(title: str, entries: Iterable[tuple[str, str]]) -> None:
    """Print pairs of a name and a description, one per line."""
    from rich.table import Table as RichTable

    table = RichTable(title=title, title_justify="left", title_style="bold", box=None)
    table.show_header = False
    table.add_column(no_wrap=True)
    table.add_column()
    for name, line in entries:
        table.add_row(f"  {name}", line)
    console().print(table)


def show_table(table: "Table") -> None:
    """Print a table and its notes. The first column is aligned left, the others right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    shown = RichTable(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number, name in enumerate(table.header):
        shown.add_column(name, justify="right" if number else "left", no_wrap=True)
    for cells in table.cells:
        shown.add_row(*cells)
    console().print(shown)
    for note in table.notes:
        say(note)
