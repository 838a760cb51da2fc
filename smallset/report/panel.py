"""A panel: a table of text with its title and what is said below it, as Markdown or LaTeX."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """Plain text, not escaped for any format; the first column is left-aligned, the rest right."""

    title: str
    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def to_markdown(panel: Panel) -> str:
    """Write a panel as a Markdown section: heading, table, a paragraph of notes."""
    lines = [f"## {_markdown(panel.title)}", "", _markdown_row(panel.header)]
    lines += ["|---|" + "---:|" * (len(panel.header) - 1)]
    lines += [_markdown_row(row) for row in panel.cells]
    lines += ["", *(f"- {_markdown(note)}" for note in panel.notes)]
    return "\n".join(lines).rstrip() + "\n"


def to_latex(panel: Panel) -> str:
    """Write a panel as a LaTeX table of the package booktabs, the notes in its caption."""
    caption = " ".join([f"{_latex(panel.title)}.", *(_latex(note) for note in panel.notes)])
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize",
            rf"\caption{{{caption}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(panel.header) - 1)}}}",
            r"\toprule",
            _latex_row(panel.header),
            r"\midrule",
            *(_latex_row(row) for row in panel.cells),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_markdown(cell) for cell in cells) + " |"


def _markdown(text: str) -> str:
    """Keep a class or method of any name inside its cell, and show it as it is."""
    escaped = "".join(f"\\{c}" if c in "\\|*_`<" else c for c in text)
    return " ".join(escaped.split())


_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    **{c: rf"\{c}" for c in "&%$#_{}"},
}  # fmt: skip


def _latex_row(cells: tuple[str, ...]) -> str:
    # A row that began with "[" would be taken for an option of the \\ before it.
    return " & ".join(_latex(cell) for cell in cells).replace("[", "{[}") + r" \\"


def _latex(text: str) -> str:
    return " ".join("".join(_LATEX.get(c, c) for c in text).split())
