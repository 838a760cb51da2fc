"""The command that turns results into tables: report."""

from dataclasses import replace
from pathlib import Path

import click

from smallset.bench import shipped
from smallset.cli.options import PATH


@click.command
@click.argument(
    "runs", metavar="RUNS", type=PATH, help="A folder of `bench`, or a file of results or facts."
)
@click.option(
    "--matrix",
    help="The matrix of the results, which names rows and missing cells: a file, or one of "
    f"{', '.join(shipped())}. Default: RUNS/matrix.toml, else none.",
)
@click.option(
    "--out", type=PATH, help="Folder of the tables. Default: RUNS/report, or beside the file."
)
@click.option(
    "--format",
    type=click.Choice(["markdown", "csv", "classes", "latex", "html", "all"]),
    default="all",
    help="classes is a CSV with the accuracy of every class.",
)
@click.option(
    "--per-byte",
    is_flag=True,
    help="Begin with a table of all rows of a student, sorted by accuracy per byte.",
)
@click.option("--html", is_flag=True, help="Instead of tables: one page for a browser, page.html.")
@click.option(
    "--figures",
    metavar="FOLDER",
    type=PATH,
    help="Also: a new folder for the page's charts as SVG.",
)
def report(
    runs: Path,
    matrix: str | None,
    out: Path | None,
    format: str,
    per_byte: bool,
    html: bool,
    figures: Path | None,
) -> None:
    """Make tables of RUNS.

    Each method stands beside random images, and soft labels beside hard labels.
    """
    if html and format != "all":
        raise ValueError(
            f"--format {format} and --html were both given, but --html writes the page alone. "
            "Leave out one of them."
        )
    from smallset.numbers import counted
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
