"""The charts: one Vega-Lite specification each, interactive in the page and static in the docs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from smallset.report.page.entries import Entry, class_differences
from smallset.report.table import span

Point = Mapping[str, str | float]
Spec = dict[str, object]
"""A part of a Vega-Lite specification."""

# The colours of Okabe and Ito: told apart by colour-blind readers, on white and on black.
_VERDICTS = {
    "better": "#0072b2", "worse": "#d55e00", "random": "#009e73", "not told apart": "#8c8c8c",
    "not compared": "#cc79a7",
}  # fmt: skip
_MOST_CLASSES = 40
"""The most classes that the chart of classes shows: those with the largest differences."""


@dataclass(frozen=True)
class Chart:
    """One chart: its name in the page and in file names, its title, a caption, its specification.

    If `follows`, each point has the id of an entry, and the page hides the points of hidden rows.
    """

    name: str
    title: str
    caption: str
    spec: Mapping[str, object]
    follows: bool = False


def charts(entries: Sequence[Entry]) -> list[Chart]:
    """Return the charts of a report's entries: accuracy against bytes, then classes."""
    return [*_accuracy_charts(entries), *_class_charts(entries)]


def _accuracy_charts(entries: Sequence[Entry]) -> list[Chart]:
    """Make a chart for each data set, image size and student.

    A chart of a single point says no more than the table. It is left out, unless all charts are so.
    """

    def key(entry: Entry) -> tuple[str, str]:
        return entry.data, entry.first.student

    drawn = [(title, list(group)) for title, group in groupby(sorted(entries, key=key), key)]
    several = [(title, group) for title, group in drawn if len(group) > 1] or drawn
    alone = (
        " A data set and student with a single row make no chart."
        if len(several) < len(drawn)
        else ""
    )
    return [
        Chart(
            f"bytes-{number}",
            f"{data}, {student}",
            "Mean top-1 with its 95 % interval against all bytes that a student is given: images, "
            "labels and teacher. A line joins one method at several budgets, whatever the options "
            "of its protocol, such as its steps. Colours say how a method differs from random "
            f"images of the same setting (95 % Welch interval).{alone}",
            _accuracy(group),
            follows=True,
        )
        for number, ((data, student), group) in enumerate(several)
    ]


def _accuracy(entries: Sequence[Entry]) -> Spec:
    points = list(map(_point, entries))
    regimes = sorted({str(point["labels"]) for point in points}, key=lambda r: (r != "hard", r))
    x = channel(
        "bytes:Q",
        title="bytes (log)",
        scale={"type": "log", "nice": False, "padding": 24},
        axis={"format": "~s", "tickCount": 6, "labelOverlap": "greedy", "labelSeparation": 6},
    )
    y = channel("top1:Q")
    ends = {"y": channel("low:Q", title="top-1, %", scale={"zero": False}), "y2": {"field": "high"}}
    verdicts = [verdict for verdict in _VERDICTS if any(e.verdict == verdict for e in entries)]
    scale = {"domain": verdicts, "range": [_VERDICTS[verdict] for verdict in verdicts]}
    colour = channel("verdict:N", title="against random", scale=scale)
    legend = {  # The names are many and long, so the legend is below and takes the whole width.
        "orient": "bottom", "symbolFillColor": "#808080", "symbolStrokeColor": "#808080",
        "labelFontSize": 11, "labelLimit": {"expr": "min(290, width - 14)"},
        "columns": {"expr": "max(1, floor(width / 300))"},
    }  # fmt: skip
    shape = channel("labels:N", title="labels", sort=regimes, legend=legend)
    tooltip = [
        channel(f"{name}:N", title=title)
        for name, title in (
            ("method", "method"), ("labels", "labels"), ("budget", "budget"),
            ("said", "top-1 %"), ("minus", "minus random"), ("counted", "bytes"), ("n", "n"),
        )
    ]  # fmt: skip
    told = {"x": x, "color": colour, "tooltip": tooltip}
    lines = layer(
        {"type": "line", "strokeWidth": 1, "opacity": 0.35, "color": "#808080"},
        x=x, y=y, detail=[channel("method:N"), channel("labels:N"), channel("protocol:N")],
    )  # fmt: skip
    rules = layer({"type": "rule", "strokeWidth": 1.5, "opacity": 0.7}, **told, **ends)
    dots = layer(
        {"type": "point", "filled": True, "size": 70, "opacity": 0.9},
        **told, y=y, shape=shape if len(regimes) > 1 else {"value": "circle"},
    )  # fmt: skip
    return finished({"layer": [lines, rules, dots]}, points, height=340)


def _point(entry: Entry) -> Point:
    row = entry.row
    top1, minus = row.top1, row.minus_random
    low, high = (_short(100 * end) for end in top1.ends)
    return {
        "id": entry.id,
        "method": row.label,
        "labels": entry.section.labels,
        "protocol": entry.first.protocol.partition("(")[0],
        "budget": entry.budget,
        "verdict": entry.verdict,
        "bytes": row.bytes(),
        "top1": _short(100 * top1.mean),
        "low": low,
        "high": high,
        "said": span(top1, "interval"),
        "minus": "" if minus is None else span(minus, "points"),
        "counted": f"{row.bytes():,.0f}",
        "n": top1.n,
    }


def _class_charts(entries: Iterable[Entry]) -> list[Chart]:
    """Make a chart for each section with a random baseline: methods by classes."""
    found: list[Chart] = []
    for title, group in groupby(entries, lambda entry: entry.section.title):
        pairs = [(entry, class_differences(entry)) for entry in group]
        random = pairs[0][0].section.baseline
        cells: list[Point] = [
            {
                "id": entry.id,
                "method": entry.row.label,
                "class": name,
                "points": _short(100 * minus.mean),
                "said": span(minus, "points"),
                "clear": minus.low > 0 or minus.high < 0,
            }
            for entry, differences in pairs
            for name, minus in differences
            if not math.isnan(minus.mean)  # a class without held-out images
        ]
        if random is None or not cells:
            continue
        names = _largest(cells)
        left_out = len({cell["class"] for cell in cells}) - len(names)
        more = f" {left_out} classes with smaller differences are left out." if left_out else ""
        shown = [cell for cell in cells if cell["class"] in names]
        found.append(
            Chart(
                f"classes-{len(found)}",
                title,
                f"The accuracy in each class minus that of {random.label}, in points. A dot marks "
                f"a difference whose 95 % Welch interval does not hold 0.{more}",
                _classes(shown, names),
            )
        )
    return found


def _classes(cells: Sequence[Point], names: Sequence[str]) -> Spec:
    most = max(abs(float(cell["points"])) for cell in cells) or 1
    methods = list(dict.fromkeys(str(cell["method"]) for cell in cells))
    at: Spec = {
        "x": channel(
            "class:N", title=None, sort=list(names), axis={"labelAngle": -40, "labelLimit": 120}
        ),
        "y": channel("method:N", title=None, sort=methods, axis={"labelLimit": 220}),
        "tooltip": [
            channel("method:N"), channel("class:N"), channel("said:N", title="minus random"),
        ],
    }  # fmt: skip
    scale = {"domain": [-most, 0, most], "range": ["#d55e00", "#f4f4f4", "#0072b2"]}
    squares = layer({"type": "rect"}, **at, color=channel("points:Q", title="points", scale=scale))
    dots = layer({"type": "circle", "size": 16, "color": "#000000", "opacity": 0.8}, **at)
    dots["transform"] = [{"filter": "datum.clear"}]
    return finished({"layer": [squares, dots]}, cells, height=22 * len(methods))


def _largest(cells: Iterable[Point]) -> list[str]:
    """Return the classes with the largest differences, in the order of the data set."""
    largest: dict[str, float] = {}
    for cell in cells:
        name = str(cell["class"])
        largest[name] = max(largest.get(name, 0.0), abs(float(cell["points"])))
    kept = set(sorted(largest, key=lambda name: -largest[name])[:_MOST_CLASSES])
    return [name for name in largest if name in kept]


def channel(shorthand: str, **more: object) -> Spec:
    """Return an encoding of a field, such as "bytes:Q": Q for quantities, N for names."""
    name, _, kind = shorthand.partition(":")
    return {"field": name, "type": {"Q": "quantitative", "N": "nominal"}[kind], **more}


def layer(mark: Spec, **encoding: object) -> Spec:
    """Return one layer of a chart."""
    return {"mark": mark, "encoding": encoding}


def finished(chart: Mapping[str, object], points: Sequence[Point], *, height: int) -> Spec:
    """Return the specification of a chart as wide as its place, in the page's own colours."""
    ink = {"labelColor": "currentColor", "titleColor": "currentColor", "titleFontWeight": "normal"}
    look = {
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {**ink, "gridColor": "#80808040", "domainColor": "#808080", "tickColor": "#808080"},
        "legend": {**ink, "orient": "top", "symbolOpacity": 1},
    }
    return {
        **chart,
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "background": "transparent",
        "config": look,
        "data": {"name": "points", "values": list(points)},
    }


def _short(number: float) -> float:
    return round(number, 2)
