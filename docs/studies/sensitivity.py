"""Draw how much PCA depends on one of its options, from results of `smallset bench sensitivity`.

    python docs/studies/sensitivity.py OPTION LINES OUT.svg

OPTION is factor, views, resize, epochs, runs or codec: the last part of a table's title in the
matrix. LINES is the results.jsonl of the run. The command also prints the numbers as a table. Needs
the extra `report`.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import altair as alt

from smallset.bench.matrix import read_matrix
from smallset.evidence.lines import read_lines
from smallset.files import replacing
from smallset.records import Result
from smallset.report.page.charts import Chart, finished
from smallset.report.page.figures import svgs
from smallset.report.rows import Row
from smallset.report.table import Heading, table_of, write_markdown
from smallset.report.tables import Runs, report_of

NAME = "sensitivity"
ROW_HEIGHT = 28


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
    with replacing(asked.out) as file:
        file.write(text.encode())


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
    """Draw a row for each method, random images in grey."""
    points = []
    for name, row in shown:
        top1 = row.top1
        low, high = (top1.mean if math.isnan(end) else end for end in (top1.low, top1.high))
        ends = {"top1": 100 * top1.mean, "low": 100 * low, "high": 100 * high}
        points.append({"name": name, "ink": "grey" if row.label == "random" else "#0072b2", **ends})
    base = alt.Chart(alt.NamedData(name="points")).encode(
        alt.Y("name:N", title=None, sort=[name for name, _ in shown]).axis(labelLimit=240),
        alt.Color("ink:N", scale=None),
    )
    wide = alt.X("low:Q", title="top-1, %").scale(zero=False)
    rules = base.mark_rule(strokeWidth=1.5).encode(wide, alt.X2("high:Q"))
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(alt.X("top1:Q"))
    drawn = alt.layer(rules, dots).to_dict(validate=False)
    first = shown[0][1].results[0]
    title = f"{option}: {first.dataset} at {first.size} px, {first.student}, ipc {first.ipc}"
    spec = finished(drawn, points, height=ROW_HEIGHT * len(points))
    return Chart(f"{NAME}-{option}", title, "", spec)


if __name__ == "__main__":
    main()
