"""Watch a run that another process works on: its state as text, and its page for a browser."""

import time
from dataclasses import replace
from pathlib import Path

import click

from smallset.report import tables
from smallset.report.page.sheets import sheets_of
from smallset.terminal import WIDTH, fitted, say

_EVERY_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_BAR = 12


def watch(runs: Path, matrix: str) -> None:
    """Print the state of a run and rewrite its page at each new result, until no cell is missing.

    The page RUNS/report/page.html reloads itself in a browser as long as cells are missing. Raises
    FileNotFoundError if the folder does not exist, and ValueError if its results cannot be read.
    """
    if not runs.is_dir():
        raise FileNotFoundError(
            f"there is no run folder '{runs}' to watch. Start `smallset bench` first, without "
            "--watch, and give its RUNS."
        )
    seen: object = None
    while True:
        files = [runs / name for name in (tables.RESULTS_NAME, tables.FACTS_NAME)]
        sizes = [file.stat().st_size if file.exists() else 0 for file in files]
        if sizes != seen:
            seen = sizes
            if not any(sizes):
                say(f"no result in {runs} yet")
            elif not _show(_report(runs, matrix), runs):
                return
        time.sleep(_EVERY_SECONDS)


def state_lines(report: tables.Report) -> list[str]:
    """Return a line for each setting: a bar, the cells that are done, and the best method."""
    lines = []
    for section in report.sections:
        done = section.wanted - section.missing
        full = round(_BAR * done / section.wanted) if section.wanted else _BAR
        best = max(section.rows, key=lambda row: row.top1.mean)
        begin = f"[{'#' * full}{'.' * (_BAR - full)}] {done:>4}/{section.wanted:<4} "
        end = f"  best {fitted(best.label, 24)} {100 * best.top1.mean:.1f} %"
        lines.append(begin + fitted(section.title, WIDTH - len(begin) - len(end)) + end)
    return [*lines, *(f"[{'.' * _BAR}] not begun: {line}" for line in report.not_begun)]


def _report(runs: Path, matrix: str) -> tables.Report:
    try:
        found = tables.read_runs(runs, matrix)
    except ValueError:  # the run may be in the middle of a line
        time.sleep(_RETRY_SECONDS)
        found = tables.read_runs(runs, matrix)
    return tables.report_of(found)


def _show(report: tables.Report, runs: Path) -> bool:
    """Print the state and write the page. Return whether cells are missing."""
    live = report.unfinished
    shown = replace(report, live=live, sheets=sheets_of(runs / "sets"))
    (written,) = tables.write_report(shown, runs / "report", [tables.PAGE])
    click.clear()
    say(f"{report.title}, {time.strftime('%H:%M:%S')}")
    for line in state_lines(report):
        say(line)
    say(f"wrote {written}" + ("; Ctrl-C stops watching, not the run" if live else ""))
    return live
