"""The charts of facts: entropy and loss of sets, and entropy over the ratio of crops."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from smallset.records import Fact
from smallset.report.page.charts import Chart, Point, Spec, channel, finished, layer

_SPREAD = {"0.05": "lowest", "0.25": "low", "0.5": "median", "0.75": "high", "0.95": "highest"}
_NAME = re.compile(r"(?P<measure>entropy|nll)(?:\((?P<options>[^()]*)\))?")


@dataclass(frozen=True)
class _Read:
    """A fact with the parts of its name: `entropy(crop=0.5, view=canvas)` measures entropy."""

    fact: Fact
    measure: str
    options: dict[str, str]

    @property
    def set(self) -> str:
        """The set that the fact is about, told apart from others of its method by its digest."""
        return f"{self.fact.method} {self.fact.set_digest[:8]}"

    @property
    def setting(self) -> tuple[str, str, str]:
        """What facts of one chart share: the data set, the observer and the measure."""
        return self.fact.dataset, self.fact.observer or "no observer", self.measure


def fact_charts(facts: Iterable[Fact]) -> list[Chart]:
    """Return charts of the facts named entropy or nll, one for each data set and observer.

    Quantiles make a chart of distributions, facts with a crop ratio make curves. Other facts stand
    in the table of facts alone.
    """
    read = [
        _Read(fact, found["measure"], _options(found["options"] or ""))
        for fact in facts
        if (found := _NAME.fullmatch(fact.name))
    ]
    spread = [one for one in read if one.options.get("quantile") in _SPREAD]
    crops = [one for one in read if "crop" in one.options]
    drawn = []
    for name, chosen, caption, draw in (
        ("spread", spread, _SPREAD_CAPTION, _distributions),
        ("crops", crops, _CROPS_CAPTION, _curves),
    ):
        setting = attrgetter("setting")
        groups = groupby(sorted(chosen, key=setting), setting)
        for number, ((data, observer, measure), group) in enumerate(groups):
            title = f"{measure} of {data} sets, seen by {observer}"
            drawn.append(Chart(f"{name}-{number}", title, caption, draw([*group])))
    return drawn


_SPREAD_CAPTION = (
    "The spread over the images of each set: a line from the 5 % to the 95 % quantile, a bar over "
    "the middle half, a tick at the median."
)
_CROPS_CAPTION = (
    "The mean of training crops against the share of the image's area that a crop shows. Bands are "
    "95 % intervals over the images."
)


def _options(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(", ") if part)
    return {name: value for name, _, value in pairs}


def _distributions(read: Sequence[_Read]) -> Spec:
    points: dict[str, dict[str, str | float]] = {}
    for one in read:
        point = points.setdefault(one.set, {"set": one.set, "n": one.fact.n})
        point[_SPREAD[one.options["quantile"]]] = one.fact.value
    at: Spec = {
        "y": channel("set:N", title=None, sort=list(points), axis={"labelLimit": 220}),
        "tooltip": [
            channel("set:N"),
            *(channel(f"{n}:Q", format=".3g") for n in _SPREAD.values()),
            channel("n:Q"),
        ],
    }
    wide = layer(
        {"type": "rule", "color": "#0072b2"},
        **at,
        x=channel("lowest:Q", title=f"{read[0].measure}, {read[0].fact.unit}"),
        x2={"field": "highest"},
    )
    middle = layer(
        {"type": "bar", "size": 10, "color": "#56b4e9"},
        **at, x=channel("low:Q"), x2={"field": "high"},
    )  # fmt: skip
    median = layer(
        {"type": "tick", "size": 16, "thickness": 3, "color": "#d55e00"},
        **at, x=channel("median:Q"),
    )  # fmt: skip
    height = 30 * len(points) + 10
    return finished({"layer": [wide, middle, median]}, list(points.values()), height=height)


def _curves(read: Sequence[_Read]) -> Spec:
    points: list[Point] = [
        {
            "set": one.set,
            "crops": ", ".join(f"{k} {v}" for k, v in one.options.items() if k != "crop") or "any",
            "ratio": float(one.options["crop"]),
            "value": one.fact.value,
            "low": one.fact.value if one.fact.low is None else one.fact.low,
            "high": one.fact.value if one.fact.high is None else one.fact.high,
            "n": one.fact.n,
        }
        for one in read
    ]
    named = list(dict.fromkeys(str(point["set"]) for point in points))
    at: Spec = {
        "x": channel("ratio:Q", title="share of the area"),
        "color": channel("set:N", title="set", scale={"domain": named, "range": _COLOURS}),
    }
    title = f"{read[0].measure}, {read[0].fact.unit}"
    band = layer(
        {"type": "area", "opacity": 0.15},
        **at,
        y=channel("low:Q", title=title, scale={"zero": False}),
        y2={"field": "high"},
        detail=channel("crops:N"),
    )
    legend = {"symbolType": "stroke", "symbolStrokeColor": "#808080"}
    line = layer(
        {"type": "line"},
        **at,
        y=channel("value:Q"),
        strokeDash=channel("crops:N", title="crops", legend=legend),
        tooltip=[
            channel("set:N"), channel("crops:N"), channel("ratio:Q"),
            channel("value:Q", format=".3g"), channel("n:Q"),
        ],
    )  # fmt: skip
    return finished({"layer": [band, line]}, points, height=340)


# The colours of Okabe and Ito, without black and yellow: black is hard to see on a dark page, and
# yellow on a light one.
_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
