"""The command that turns results into tables: report."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from smallset.bench import shipped
from smallset.numbers import counted


def report(
    runs: Annotated[
        Path,
        typer.Argument(metavar="RUNS", help="A folder of `bench`, or a file of results or facts."),
    ],
    matrix: Annotated[
        str | None,
        typer.Option(
            help="The matrix of the results, which names rows and missing cells: a file, or "
            f"one of {', '.join(shipped())}. Default: RUNS/matrix.toml, else none."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the tables. Default: RUNS/report, or beside the file."),
    ] = None,
    format: Annotated[
        Literal["markdown", "csv", "classes", "latex", "html", "all"],
        typer.Option(help="classes is a CSV with the accuracy of every class."),
    ] = "all",
    per_byte: Annotated[
        bool,
        typer.Option(
            "--per-byte",
            help="Begin with a table of all rows of a student, sorted by accuracy per byte.",
        ),
    ] = False,
    html: Annotated[
        bool,
        typer.Option("--html", help="Instead of tables: one page for a browser, page.html."),
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also: a new folder for the page's charts as SVG."),
    ] = None,
) -> None:
    """Make tables of RUNS, with each method beside random and soft labels beside hard labels."""
    if html and format != "all":
        raise ValueError(
            f"--format {format} and --html were both given, but --html writes the page alone. "
            "Leave out one of them."
        )
    from smallset.report import tables
    from smallset.report.page.figures import write_figures
    from smallset.report.page.sheets import sheets_of
    from smallset.terminal import say, show_table

    if out is not None:
        tables.check_out(out)
    found = tables.read_runs(runs, matrix)
    made = tables.report_of(found, per_byte=per_byte)
    if html:
        made = replace(made, sheets=sheets_of(runs / "sets"))
    folder = out or (runs / "report" if runs.is_dir() else runs.with_name(f"{runs.stem}-report"))
    every = [name for name in tables.FORMATS if name != tables.PAGE]
    formats = [tables.PAGE] if html else every if format == "all" else [format]
    drawn = write_figures(made, figures) if figures else []
    written = [*tables.write_report(made, folder, formats), *drawn]
    for section in made.sections:
        best = max(section.rows, key=lambda row: row.top1.mean)
        counts = (
            f"{counted(len(section.rows), 'method')}, {counted(len(section.results), 'result')}"
        )
        lacking = f", {section.missing} of {section.wanted} cells missing"
        say(
            f"{section.title}: {counts}, best {best.label} {100 * best.top1.mean:.1f} %"
            f"{lacking if section.missing else ''}"
        )
    if found.facts:
        show_table(tables.facts_table(found.facts))
    for line in made.not_begun:
        say(f"not run yet: {line}")
    for path in written:
        say(f"wrote {path}")
