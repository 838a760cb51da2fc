"""The charts of the page as SVG files, for documents."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smallset.files import check_output, replacing, writing
from smallset.report.page.charts import Chart, charts
from smallset.report.page.entries import entries
from smallset.report.page.extra import check_extra
from smallset.report.page.fact_charts import fact_charts

if TYPE_CHECKING:
    from smallset.report.tables import Report


def write_figures(report: "Report", out: Path) -> list[Path]:
    """Write each chart of a report as an SVG file into the new folder `out`, and return the files.

    Raises ValueError without the extra `report`, FileExistsError if the folder exists, and OSError
    if it cannot be written.
    """
    check_extra("vl_convert", option="--figures")
    check_output(out)
    texts = svgs([*charts(entries(report.sections)), *fact_charts(report.facts)])
    with writing(out):
        out.mkdir()
        for name, text in texts.items():
            with replacing(out / name) as file:
                file.write(text.encode())
    return [out / name for name in texts]


def svgs(drawn: Sequence[Chart], *, width: int = 720) -> dict[str, str]:
    """Return the SVG of each chart by its file name, with the title above and a white ground.

    `width` is that of the plot in pixels, without the labels of its axes.
    """
    import vl_convert

    still = {"width": width, "background": "white", "padding": 8}
    return {
        f"{chart.name}.svg": vl_convert.vegalite_to_svg(
            {**chart.spec, **still, "title": chart.title, "config": _config(chart)}
        )
        for chart in drawn
    }


def _config(chart: Chart) -> dict[str, object]:
    """Return the look of a chart, with a font that readers have.

    The labels of an SVG are placed by this font. A wider one of the reader's own would be cut.
    """
    look = chart.spec["config"]
    assert isinstance(look, dict)
    return look | {"font": "Arial, Helvetica, Liberation Sans, sans-serif"}
