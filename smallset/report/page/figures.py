"""The charts of the page as SVG files, for documents."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from smallset.files import check_output, write_whole, writing
from smallset.report.page.charts import Chart, charts
from smallset.report.page.entries import entries
from smallset.report.page.fact_charts import fact_charts

if TYPE_CHECKING:
    from smallset.report.tables import Report


def check_extra(module: str, *, option: str) -> None:
    """Raise ValueError if a module of the extra `report` is missing, which `option` needs."""
    try:
        import_module(module)
    except ImportError as error:
        raise ValueError(
            f"{option} needs {module}, which is not installed. Install smallset[report], or "
            f"leave out {option}."
        ) from error


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
            write_whole(out / name, text.encode())
    return [out / name for name in texts]


def svgs(drawn: Sequence[Chart], *, width: int = 720) -> dict[str, str]:
    """Return the SVG of each chart by its file name, with the title above and a white ground.

    `width` is that of the plot in pixels, without the labels of its axes.
    """
    import vl_convert

    still = {"width": width, "background": "white", "padding": 8}
    found = {}
    for chart in drawn:
        look = chart.spec["config"]
        assert isinstance(look, dict)
        # Labels are placed for this font. If the reader's font were wider, they would be cut.
        look = look | {"font": "Arial, Helvetica, Liberation Sans, sans-serif"}
        spec = {**chart.spec, **still, "title": chart.title, "config": look}
        found[f"{chart.name}.svg"] = vl_convert.vegalite_to_svg(spec)
    return found
