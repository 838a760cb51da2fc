"""A grid of published rows, written as a table or drawn as a figure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from smallset.evidence import Interval, mean_interval
from smallset.records import Result
from smallset.report.page.charts import Chart, Point, finished
from smallset.report.rows import Row
from smallset.report.table import Heading, Table, span, write_markdown
from smallset.report.tables import Report, read_runs, report_of

RESULTS = Path(__file__).parents[1] / "results"
# Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")


@cache
def published(matrix: str) -> Report:
    """Return the report of the published lines of a matrix."""
    return report_of(read_runs(RESULTS / f"{matrix}.jsonl", matrix))


@dataclass(frozen=True)
class Grid:
    """Rows of published tables, in named columns: `columns[column][name]` is one row.

    The written table shows bytes for the columns named in `sized`. It shows n in the heads if each
    column has a single n, or else in a column of its own. `colours` maps columns to their colours.
    """

    columns: Mapping[str, Mapping[str, Row]]
    sized: tuple[str, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rows, in order of appearance."""
        return tuple(dict.fromkeys(name for column in self.columns.values() for name in column))

    def table(self) -> str:
        """Return the Markdown of top-1 with its interval, bytes and n."""
        sizes = {f"bytes, {s}" if len(self.sized) > 1 else "bytes": s for s in self.sized}
        counts = {c: {row.top1.n for row in found.values()} for c, found in self.columns.items()}
        alike = all(len(found) == 1 for found in counts.values())
        heads = [
            Heading("top-1, %"),
            *(
                Heading(f"{name}, n = {min(counts[name])}" if alike else name, "interval")
                for name in self.columns
            ),
            *(Heading(head, "bytes") for head in sizes),
            *([] if alike else [Heading("n")]),
        ]
        body = []
        for name in self.names:
            found = [column.get(name) for column in self.columns.values()]
            weighed = [self.columns[column].get(name) for column in sizes.values()]
            of_each = dict.fromkeys(str(row.top1.n) for row in found if row)
            body.append(
                (
                    name,
                    *(row and row.top1 for row in found),
                    *(row and row.bytes() for row in weighed),
                    *([] if alike else [", ".join(of_each)]),
                )
            )
        return write_markdown(Table("", tuple(heads), tuple(body)))

    def chart(self, name: str, title: str, *, minus: bool = False, dodge: bool = True) -> Chart:
        """Draw top-1, or its difference from random if `minus`, as points with their intervals.

        With `dodge`, the columns of a row stand below each other.
        """
        import altair as alt

        points = [
            point(label, column, row.minus_random if minus else row.top1, minus)
            for column, cells in self.columns.items()
            for label, row in cells.items()
            if row.minus_random or not minus
        ]
        order = list(self.columns)
        colours = [self.colours.get(c, COLOURS[n % len(COLOURS)]) for n, c in enumerate(order)]
        band = alt.Y("name:N", title=None, sort=list(self.names))
        chart = alt.Chart(alt.NamedData(name="points")).encode(
            band.axis(grid=True, tickBand="extent", labelLimit=230),
            alt.Color("column:N", title=None, sort=order)
            .scale(domain=order, range=colours)
            .legend(labelLimit=300),
        )
        if dodge:
            chart = chart.encode(yOffset=alt.YOffset("column:N", sort=order))
        words = "top-1 minus random images, points" if minus else "top-1, %"
        ends = alt.X("low:Q", title=words).scale(zero=False, padding=8).axis(tickCount=8)
        rules = chart.mark_rule(strokeWidth=2, opacity=0.7).encode(ends, alt.X2("high:Q"))
        dots = chart.mark_point(filled=True, size=55, opacity=1).encode(
            alt.X("mean:Q"), tooltip=["name:N", "column:N", "said:N"]
        )
        layers = [alt.Chart().mark_rule(color="#404040").encode(x=alt.datum(0))] if minus else []
        height = (10 * len(order) + 6 if dodge else 20) * len(self.names)
        drawn = alt.layer(*layers, rules, dots).to_dict(validate=False)
        return Chart(name, title, "", finished(drawn, points, height=height))

    def curve(self, name: str, title: str, colours: Mapping[str, str], whole: Result) -> Chart:
        """Draw top-1 against bytes: a line for each name of `colours`, and a point for all data."""
        import altair as alt

        points = [
            {**point(label, "", cells[label].top1, False), "bytes": cells[label].bytes()}
            for label in colours
            for cells in self.columns.values()
            if label in cells
        ]
        last = f"all {whole.images:,} images"
        every = {**point(last, "", mean_interval([whole.top1]), False)}
        points.append(every | {"bytes": whole.cost.images})
        order, shades = zip(*colours.items(), (last, "#404040"), strict=True)
        chart = alt.Chart(alt.NamedData(name="points")).encode(
            alt.X("bytes:Q", title="bytes of images (log)")
            .scale(type="log", nice=False, padding=20)
            .axis(format="~s", values=[10**power for power in range(4, 9)]),
            alt.Color("name:N", title=None, sort=list(order))
            .scale(domain=list(order), range=list(shades))
            .legend(columns=2, labelLimit=300, symbolType="circle"),
        )
        lines = chart.mark_line(strokeWidth=2).encode(alt.Y("mean:Q"))
        ends = alt.Y("low:Q", title="accuracy (top-1), %").scale(domainMin=0).axis(tickCount=5)
        rules = chart.mark_rule(strokeWidth=2, opacity=0.7).encode(ends, alt.Y2("high:Q"))
        dots = chart.mark_point(filled=True, size=70, opacity=1).encode(
            alt.Y("mean:Q"), tooltip=["name:N", "bytes:Q", "said:N"]
        )
        drawn = alt.layer(lines, rules, dots).to_dict(validate=False)
        return Chart(name, title, "", finished(drawn, points, height=260))


def point(name: str, column: str, value: Interval, minus: bool) -> Point:
    """Return a point in percent. For one run, its ends `low` and `high` are the mean."""
    low, mean, high = (round(100 * x, 2) for x in (value.ends[0], value.mean, value.ends[1]))
    said = span(value, "points" if minus else "interval")
    return {"name": name, "column": column, "said": said, "mean": mean, "low": low, "high": high}
