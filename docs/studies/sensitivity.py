"""Draw how much PCA depends on one of its options, from results of `smallset bench sensitivity`.

    python docs/studies/sensitivity.py OPTION LINES OUT.svg

OPTION is factor, views, resize, epochs, runs or codec: the last part of a table's title in the
matrix. LINES is the results.jsonl of the run. The command also prints the numbers as a table. Needs
the extra `dev`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from grid import Grid

from smallset.bench.matrix import read_matrix
from smallset.evidence.lines import read_lines
from smallset.files import write_whole
from smallset.records import Result
from smallset.report.page.charts import Chart
from smallset.report.page.figures import svgs
from smallset.report.rows import Row
from smallset.report.table import Heading, table_of, write_markdown
from smallset.report.tables import Runs, report_of

NAME = "sensitivity"


def main() -> None:
    """Print the table and write the figure."""
    options = [*dict.fromkeys(option for option, _ in tables())]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("option", choices=options)
    parser.add_argument("lines", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    shown = rows_of(asked.option, read_lines(asked.lines, Result))
    columns = (
        (Heading(asked.option), lambda pair: pair[0]),
        (Heading("top-1 % [95 %]", "interval"), lambda pair: pair[1].top1),
        (Heading("image bytes", "bytes"), lambda pair: pair[1].bytes("images")),
        (Heading("n", "count"), lambda pair: pair[1].top1.n),
    )
    figure = chart(asked.option, shown)
    print(write_markdown(table_of(figure.title, shown, columns)))
    [text] = svgs([figure]).values()
    write_whole(asked.out, text.encode())


def tables():
    """Return the tables of the matrix, each with the option that it varies."""
    return [(t.title.split(", ")[-1].split(" ")[0], t) for t in read_matrix(NAME).sweeps]


def published() -> dict[str, list[tuple[str, Row]]]:
    """Return the published rows of each option."""
    results = read_lines(Path(__file__).parents[1] / f"results/{NAME}.jsonl", Result)
    return {option: rows_of(option, results) for option, _ in tables()}


def rows_of(option: str, results: Sequence[Result]) -> list[tuple[str, Row]]:
    """Return the rows of an option with their names; raises SystemExit if one has no result."""
    sections = report_of(Runs(tuple(results), read_matrix(NAME))).sections
    found = {(s.first.codec, row.label): row for s in sections for row in s.rows}
    chosen = [table for name, table in tables() if name == option]
    wanted = {
        (table.codec, label): f"{label}, {table.codec}" if len(chosen) > 1 else label
        for table in chosen
        for label in table.methods
    }
    missing = [name for key, name in wanted.items() if key not in found]
    if missing:
        raise SystemExit(
            f"there are no results of {'; '.join(missing)}, but the figure shows them. "
            f"Run `smallset bench {NAME} RUNS --only {option}` first."
        )
    return [(name, found[key]) for key, name in wanted.items()]


def chart(option: str, shown: Sequence[tuple[str, Row]]) -> Chart:
    """Draw a row for each method."""
    first = shown[0][1].results[0]
    setting = f"{first.dataset} at {first.size} px, {first.student}, ipc {first.ipc}"
    return Grid({setting: dict(shown)}).chart(f"{NAME}-{option}", f"PCA: {option}", dodge=False)


if __name__ == "__main__":
    main()
