"""The report: every table of a run, as text in four formats, and its files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from smallset.files import check_output, replacing, writing
from smallset.records import Result
from smallset.report.augmentation import augmentation_panels
from smallset.report.coverage import not_begun, planned, row_labels
from smallset.report.leaderboard import leaderboard
from smallset.report.panel import Panel, to_latex, to_markdown
from smallset.report.regimes import overviews
from smallset.report.runs import Runs
from smallset.report.sections import Section, full_results, sections
from smallset.report.spreadsheet import to_classes_csv, to_csv
from smallset.report.yardsticks import ranking_panels
from smallset.spec import nearest

FORMATS = {
    "markdown": "tables.md", "csv": "tables.csv", "classes": "classes.csv", "latex": "tables.tex"
}  # fmt: skip
"""The formats and the files they are written to."""


@dataclass(frozen=True)
class Tables:
    """A run's tables: one section a setting, the panels that are read, what is not begun."""

    title: str
    sections: tuple[Section, ...]
    full: tuple[Result, ...]
    panels: tuple[Panel, ...]
    not_begun: tuple[str, ...]

    def text(self, format: str) -> str:
        """Write all of it in one of `FORMATS`; ValueError for another word."""
        if format == "markdown":
            parts = [f"# {self.title}\n", *(to_markdown(panel) for panel in self.panels)]
            if self.not_begun:
                parts.append("\n".join(["## Not run yet", "", *_items(self.not_begun), ""]))
            return "\n".join(parts)
        if format == "csv":
            return to_csv(self.sections, self.full)
        if format == "classes":
            return to_classes_csv(self.sections)
        if format == "latex":
            return "\n".join(
                ["% Needs \\usepackage{booktabs}.", *(to_latex(panel) for panel in self.panels)]
            )
        raise ValueError(f"there is no format {format!r}. {nearest(format, FORMATS)}")


def tables_of(runs: Runs) -> Tables:
    """Make every table of a run; raises ValueError where its results cannot stand side by side."""
    settings = planned(runs.matrix) if runs.matrix else []
    labels = row_labels(runs.matrix) if runs.matrix else {}
    made = sections(runs.results, labels, settings)
    full = full_results(runs.results)
    panels = [
        *(leaderboard(section) for section in made),
        *overviews(made),
        *ranking_panels(made, full),
        *augmentation_panels(made),
    ]
    return Tables(
        title=runs.matrix.title if runs.matrix else "Results",
        sections=tuple(made),
        full=tuple(full),
        panels=tuple(panels),
        not_begun=tuple(not_begun(runs.matrix, runs.results)) if runs.matrix else (),
    )


def write_tables(tables: Tables, out: Path, formats: Sequence[str]) -> list[Path]:
    """Write the tables into the folder `out`, a file a format, each whole or not at all.

    A folder that holds nothing but earlier tables is written anew, since they follow from the
    results alone. Raises FileExistsError where it holds anything else, else as `check_output`.
    """
    texts = {FORMATS[name]: tables.text(name) for name in formats}
    check_out(out)
    with writing(out):
        out.mkdir(exist_ok=True)
        for left in out.glob(".*"):  # of a killed report
            left.unlink()
        for name, text in texts.items():
            with replacing(out / name) as file:
                file.write(text.encode())
    return [out / name for name in texts]


def check_out(out: Path) -> None:
    """Raise as `write_tables` where no tables can be written to `out`."""
    if not out.is_dir():
        check_output(out)
        return
    ours = "|".join(map(re.escape, FORMATS.values()))
    known = re.compile(rf"{ours}|\.(?:{ours})\.partial-\d+")
    others = sorted(child.name for child in out.iterdir() if not known.fullmatch(child.name))
    if others:
        raise FileExistsError(
            f"'{out}' exists and holds {others[0]!r}, which no report wrote; a report needs a new "
            "folder or that of an earlier one. Choose another with --out."
        )


def _items(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in lines]
