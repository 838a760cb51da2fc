"""The page: one self-contained HTML file with the whole report, for a browser without a network."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from smallset.numbers import counted
from smallset.report.page.charts import charts
from smallset.report.page.entries import entries
from smallset.report.page.fact_charts import fact_charts
from smallset.report.page.figures import check_extra
from smallset.report.table import span, times, write_html

if TYPE_CHECKING:
    from jinja2 import Template

    from smallset.report.tables import Report

_SCRIPTS = ("dataTables.min.js", "vega.min.js", "vega-lite.min.js", "vega-embed.min.js")


def page(report: "Report") -> str:
    """Return the report as one HTML file. Raises ValueError without the extra `report`."""
    check_extra("jinja2", option="the page")
    found = entries(report.sections)
    drawn = charts(found)
    return _template().render(
        report=report,
        entries=found,
        charts=[chart for chart in drawn if chart.follows],
        class_charts=[chart for chart in drawn if not chart.follows],
        fact_charts=fact_charts(report.facts),
        scale=max((entry.row.top1.ends[1] for entry in found), default=1.0) or 1.0,
        choices={
            name: list(dict.fromkeys(entry.choices[name] for entry in found))
            for name in (found[0].choices if found else ())
        },
        alone=[s.title for s in report.sections if not any(row.minus_random for row in s.rows)],
        results=counted(sum(len(s.results) for s in report.sections) + len(report.full), "result"),
        rows=counted(len(found), "row"),
        settings=counted(len(report.sections), "setting"),
        scripts=[_text(f"vendor/{name}") for name in _SCRIPTS],
        style=_text("page.css"),
        script=_text("page.js"),
    )


@cache
def _text(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


@cache
def _template() -> "Template":
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"span": span, "times": times, "html": write_html}
    return environment.from_string(_text("page.html.jinja"))
