"""The report of a run: read its lines and its matrix, make every table, write the files."""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from smallset.bench.matrix import Matrix, read_matrix
from smallset.bench.sweep import FULL, Sweep
from smallset.evidence import Interval
from smallset.evidence.lines import read_lines
from smallset.files import check_output, write_whole, writing
from smallset.records import Fact, Result
from smallset.report.coverage import not_begun, planned, row_labels
from smallset.report.leaderboard import leaderboard
from smallset.report.page import page
from smallset.report.page.sheets import SetPicture
from smallset.report.per_byte import per_byte_tables
from smallset.report.regimes import overviews
from smallset.report.sections import Section, sections
from smallset.report.spreadsheet import classes_sheet, spreadsheet
from smallset.report.table import (
    Heading,
    Table,
    table_of,
    write_csv,
    write_html,
    write_latex,
    write_markdown,
)
from smallset.report.yardsticks import augmentation_tables, ranking_tables
from smallset.spec import nearest

RESULTS_NAME = "results.jsonl"
FACTS_NAME = "facts.jsonl"
MATRIX_NAME = "matrix.toml"
PAGE = "page"
"""The format that needs more than result lines: contact sheets, and the extra `report`."""


@dataclass(frozen=True)
class Runs:
    """Results and facts, and the matrix that asked for them (None if there is none).

    `asked` is the name of the matrix as `smallset bench` takes it, or the name of its file.
    """

    results: tuple[Result, ...]
    matrix: Matrix | None = None
    facts: tuple[Fact, ...] = ()
    asked: str | None = None


@dataclass(frozen=True)
class Report:
    """The tables of a run.

    `sections` has one section per setting, `full` the results on the full data, `tables` the tables
    for people, and `not_begun` a line for each setting without a result. `command` makes all
    results again, and is empty without a matrix. A page that is `live` reloads itself.
    """

    title: str
    sections: tuple[Section, ...]
    full: tuple[Result, ...]
    tables: tuple[Table, ...]
    not_begun: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    sheets: tuple[SetPicture, ...] = ()
    command: str = ""
    live: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether the matrix asks for cells that have no result."""
        return bool(self.not_begun) or any(section.missing for section in self.sections)

    def text(self, format: str) -> str:
        """Return the whole report in one of `FORMATS`. Raises ValueError for another format."""
        if format not in FORMATS:
            raise ValueError(f"there is no format {format!r}. {nearest(format, FORMATS)}")
        return FORMATS[format][1](self)


def read_runs(path: Path, matrix: str | None = None) -> Runs:
    """Read a run folder, a results file, or a file of facts (its name ends in facts.jsonl).

    A folder holds results.jsonl, facts.jsonl or both, and may hold matrix.toml. `matrix` is the
    name of a shipped matrix or a file, and replaces the folder's matrix.toml. Raises
    FileNotFoundError if there is no such file, and ValueError for files without lines, an
    incomplete line, a line of another version or a bad matrix.
    """
    inside = [path / name for name in (RESULTS_NAME, FACTS_NAME)] if path.is_dir() else [path]
    files = [file for file in inside if file.is_file()]
    if not files:
        lacking = f" (no {RESULTS_NAME} in it)" if path.is_dir() else ""
        raise FileNotFoundError(
            f"there are no results in '{path}'{lacking}: needed a folder that `smallset bench` "
            "made or a results file. Give its path, or run the benchmark first."
        )
    results: list[Result] = []
    facts: list[Fact] = []
    for file in files:
        if file.name.endswith(FACTS_NAME):
            facts += read_lines(file, Fact)
        else:
            results += read_lines(file, Result)
    if not results and not facts:
        raise ValueError(
            f"'{files[0]}' holds no results, and a report needs at least one line. "
            "Run `smallset bench` or `smallset evaluate` first."
        )
    own = path / MATRIX_NAME
    asked = matrix or (own if own.is_file() else None)
    read = _sized(read_matrix(asked), results, files[0]) if asked else None
    return Runs(tuple(results), read, tuple(facts), Path(asked).name if asked else None)


def report_of(runs: Runs, *, per_byte: bool = False) -> Report:
    """Make every table of a run, first those of accuracy per byte if `per_byte`.

    Raises ValueError if the results cannot be compared.
    """
    settings = planned(runs.matrix) if runs.matrix else []
    labels = row_labels(runs.matrix) if runs.matrix else {}
    made = sections(runs.results, labels, settings)
    full = tuple(r for r in runs.results if r.spec == FULL)
    tables = (
        *(per_byte_tables(made) if per_byte else []),
        *map(leaderboard, made),
        *overviews(made),
        *ranking_tables(made, full),
        *augmentation_tables(made),
        *([facts_table(runs.facts)] if runs.facts else []),
    )
    lacking = not_begun(runs.matrix, settings, runs.results) if runs.matrix else []
    title = runs.matrix.title if runs.matrix else "Results"
    words = ["smallset", "bench", runs.asked, "RUNS", "--data", "DATA"] if runs.asked else []
    command = shlex.join(words)
    return Report(title, tuple(made), full, tables, tuple(lacking), runs.facts, command=command)


def facts_table(facts: Sequence[Fact]) -> Table:
    """Make the table of facts: name, set, value with its interval, unit and n."""
    return table_of(
        "Facts about sets",
        facts,
        (
            (Heading("fact"), lambda fact: fact.name),
            (Heading("set"), lambda fact: f"{fact.dataset}, {fact.method} {fact.set_digest[:8]}"),
            (Heading("value [95 %]", "measure"), _measured),
            (Heading("unit"), lambda fact: fact.unit),
            (Heading("n", "count"), lambda fact: fact.n),
        ),
    )


def write_report(report: Report, out: Path, formats: Sequence[str]) -> list[Path]:
    """Write one file per format into the folder `out`, and return the paths of the files.

    Each file is written whole or not at all. Earlier tables in the folder are replaced, since they
    can be made from the results again. Raises FileExistsError if the folder holds anything else,
    and OSError if it cannot be made or written.
    """
    texts = {FORMATS[name][0]: report.text(name) for name in formats}
    check_out(out)
    with writing(out):
        out.mkdir(exist_ok=True)
        for left in out.glob(".*"):  # left by a killed report
            left.unlink()
        for name, text in texts.items():
            write_whole(out / name, text.encode())
    return [out / name for name in texts]


def check_out(out: Path) -> None:
    """Raise OSError if `write_report` could not write to `out`."""
    if not out.is_dir():
        check_output(out)
        return
    ours = "|".join(re.escape(name) for name, _ in FORMATS.values())
    known = re.compile(rf"{ours}|\.(?:{ours})\.partial-[0-9a-f]+")
    others = sorted(child.name for child in out.iterdir() if not known.fullmatch(child.name))
    if others:
        raise FileExistsError(
            f"'{out}' exists and holds {others[0]!r}, which no report wrote; a report needs a new "
            "folder or that of an earlier report. Choose another folder with --out."
        )


def _measured(fact: Fact) -> Interval:
    low, high = (float("nan") if end is None else end for end in (fact.low, fact.high))
    return Interval(fact.value, (high - low) / 2, low, high, fact.n, float("nan"))


def _markdown(report: Report) -> str:
    parts = [f"# {report.title}\n", *map(write_markdown, report.tables)]
    if report.not_begun:
        lines = [f"- {line}" for line in report.not_begun]
        parts.append("\n".join(["## Not run yet", "", *lines, ""]))
    return "\n".join(parts)


def _latex(report: Report) -> str:
    return "\n".join(["% Needs \\usepackage{booktabs}.", *map(write_latex, report.tables)])


def _html(report: Report) -> str:
    title, lines = escape(report.title), "".join(f"<li>{escape(x)}</li>" for x in report.not_begun)
    return "\n".join(
        [
            f'<!doctype html>\n<meta charset="utf-8">\n<title>{title}</title>\n<h1>{title}</h1>',
            *map(write_html, report.tables),
            *([f"<h2>Not run yet</h2>\n<ul>{lines}</ul>\n"] if lines else []),
        ]
    )


FORMATS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "markdown": ("tables.md", _markdown),
    "csv": ("tables.csv", lambda report: write_csv(spreadsheet(report.sections, report.full))),
    "classes": ("classes.csv", lambda report: write_csv(classes_sheet(report.sections))),
    "latex": ("tables.tex", _latex),
    "html": ("tables.html", _html),
    PAGE: ("page.html", page),
}
"""The formats: the file that each is written to, and what writes it."""


def _sized(matrix: Matrix, results: Sequence[Result], file: Path) -> Matrix:
    """Return the matrix, with the size of the results in each table that names no size.

    A table stays without a size if there are no results of its data. `parse_matrix` makes sure that
    of the tables of one data set either all name a size or none does. Raises ValueError if a table
    names no size and the results of its data have several.
    """
    found: dict[str, set[int]] = {}
    for result in results:
        found.setdefault(result.dataset, set()).add(result.size)

    def size_of(table: Sweep) -> int | None:
        sizes = sorted(found.get(table.data, ()))
        if table.size is None and len(sizes) > 1:
            raise ValueError(
                f"the matrix leaves out the size of {table.data!r}, but '{file}' has results of it "
                f"at {' and '.join(map(str, sizes))} px. Give the size in the matrix's table."
            )
        return table.size or (sizes[0] if sizes else None)

    return matrix.sized(size_of)
