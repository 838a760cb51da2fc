"""Tables of typed values, and four writers for them: Markdown, LaTeX, HTML and CSV."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeVar

from smallset.evidence import Interval, Rank

T = TypeVar("T")
Kind = Literal[
    "text", "interval", "points", "measure", "share", "named share", "score", "bytes", "count",
    "ratio", "p", "rank",
]  # fmt: skip
"""The kind of the values in a column.

`interval` is a share with its interval, `points` a difference of shares with its interval, and
`measure` a number in its own unit with its interval. `score` is a number from 0 to 1 that is not a
share of anything.
"""


@dataclass(frozen=True)
class Named:
    """A share and the name of what it belongs to, such as the accuracy of the worst class."""

    share: float
    name: str

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} ({self.name})"


Value = str | int | float | Interval | Rank | Named | None


@dataclass(frozen=True)
class Heading:
    """The head of a column: its name, the kind of its values, and the text for None."""

    name: str
    kind: Kind = "text"
    unknown: str = "-"


@dataclass(frozen=True)
class Table:
    """Rows of values, with a title above them and notes below."""

    title: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """The values as text for people, not yet escaped for any format."""
        return tuple(tuple(map(_text, row, self.columns)) for row in self.rows)


def table_of(
    title: str,
    things: Iterable[T],
    columns: Iterable[tuple[Heading, Callable[[T], Value]]],
    notes: Iterable[str] = (),
) -> Table:
    """Make a table with one row per thing; each column has a function that reads its value."""
    columns = list(columns)
    rows = tuple(tuple(read(thing) for _, read in columns) for thing in things)
    return Table(title, tuple(column for column, _ in columns), rows, tuple(notes))


def times(ratio: float) -> str:
    """Write a ratio with one decimal, or with two significant digits if it is below 1."""
    return f"{ratio:,.1f}" if ratio >= 1 else f"{ratio:.2g}"


def span(interval: Interval, kind: Kind) -> str:
    """Write a mean and its interval: shares in percent, differences in signed points.

    If the interval is unknown, a measure stands alone, and other means stand before "(one run)".
    """
    unknown = math.isnan(interval.half_width)
    if kind == "measure":
        ends = "" if unknown else f" [{interval.low:.4g}, {interval.high:.4g}]"
        return f"{interval.mean:.4g}{ends}"
    mean = f"{100 * interval.mean:{'+' if kind == 'points' else ''}.1f}"
    if unknown:
        return f"{mean} (one run)"
    return f"{mean} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def write_markdown(table: Table) -> str:
    """Write a table as a Markdown section: heading if there is a title, table, list of notes."""
    lines = [f"## {_markdown(table.title)}", ""] if table.title else []
    lines += [_markdown_row(table.header), "|---|" + "---:|" * (len(table.columns) - 1)]
    lines += [_markdown_row(row) for row in table.cells]
    lines += ["", *(f"- {_markdown(note)}" for note in table.notes)]
    return "\n".join(lines).rstrip() + "\n"


def write_latex(table: Table) -> str:
    """Write a table for LaTeX's package booktabs, with the notes in the caption."""
    caption = " ".join([f"{_latex(table.title)}.", *(_latex(note) for note in table.notes)])
    rows = "\n".join(map(_latex_row, table.cells))
    return (
        f"\\begin{{table}}\n\\centering\\footnotesize\n\\caption{{{caption}}}\n"
        f"\\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}\n"
        f"\\toprule\n{_latex_row(table.header)}\n\\midrule\n{rows}\n\\bottomrule\n"
        "\\end{tabular}\n\\end{table}\n"
    )


def write_html(table: Table) -> str:
    """Write a table as HTML: heading, table, list of notes."""
    head = _html("th", table.header)
    body = "\n".join(f"<tr>{_html('td', row)}</tr>" for row in table.cells)
    return (
        f"<h2>{escape(table.title)}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n<ul>{_html('li', table.notes)}</ul>\n"
    )


def write_csv(table: Table) -> str:
    """Write a table as CSV in full precision.

    An unknown value or nan is an empty cell. An interval takes several columns.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        column.name + suffix for column in table.columns for suffix in _parts(column.kind)
    )
    for row in table.rows:
        values = [
            getattr(value, part) if part and value is not None else value
            for column, value in zip(table.columns, row, strict=True)
            for part in _parts(column.kind).values()
        ]
        writer.writerow("" if v is None or v != v else v for v in values)
    return text.getvalue()


_NUMBERS: Mapping[Kind, Callable[[float], str]] = {
    "share": lambda share: f"{100 * share:.1f}",
    "score": lambda score: f"{score:.3f}",
    "bytes": lambda count: f"{count:,.0f}",
    "count": lambda count: f"{count:,}",
    "ratio": times,
    "p": lambda p: f"{p:.2g}",
}

_PARTS: Mapping[Kind, Mapping[str, str]] = {
    "interval": {"": "mean", "_low": "low", "_high": "high", "_std": "std"},
    "points": {"": "mean", "_low": "low", "_high": "high"},
    "measure": {"": "mean", "_low": "low", "_high": "high"},
    "rank": {"_best": "best", "_worst": "worst"},
    "named share": {"": "name", "_top1": "share"},
}
"""The CSV columns of each kind: the ending of a column's name, and the attribute that it shows."""


def _parts(kind: Kind) -> Mapping[str, str]:
    return _PARTS.get(kind, {"": ""})


def _text(value: Value, column: Heading) -> str:
    if value is None:
        return column.unknown
    if isinstance(value, Interval):
        return span(value, column.kind)
    if isinstance(value, int | float):
        return _NUMBERS[column.kind](value)
    return str(value)


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_markdown(cell) for cell in cells) + " |"


def _markdown(text: str) -> str:
    """Escape a text, so that any name stays in its cell and is shown as it is."""
    escaped = "".join(f"\\{c}" if c in "\\|*_`<" else c for c in text)
    return " ".join(escaped.split())


_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    **{c: rf"\{c}" for c in "&%$#_{}"},
}  # fmt: skip


def _latex_row(cells: Iterable[str]) -> str:
    # LaTeX would take "[" at the start of a row for an option of the \\ before it.
    return " & ".join(_latex(cell) for cell in cells).replace("[", "{[}") + r" \\"


def _latex(text: str) -> str:
    return " ".join("".join(_LATEX.get(c, c) for c in text).split())


def _html(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
