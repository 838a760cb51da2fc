"""Tables and lists of names, in columns."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

from smallset.report.table import Table
from smallset.terminal import OUT


def show_list(title: str, entries: Iterable[tuple[str, str]]) -> None:
    """Print names with a line each."""
    table = RichTable(title=title, title_justify="left", title_style="bold", box=None)
    table.show_header = False
    table.add_column(no_wrap=True)
    table.add_column()
    for name, line in entries:
        table.add_row(f"  {name}", line)
    OUT.print(table)


def show_table(table: Table) -> None:
    """Print a table with its notes, its first column on the left."""
    shown = RichTable(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number, name in enumerate(table.header):
        shown.add_column(name, justify="right" if number else "left", no_wrap=True)
    for cells in table.cells:
        shown.add_row(*cells)
    OUT.print(shown)
    for note in table.notes:
        OUT.print(note)
