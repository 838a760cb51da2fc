import sys

import pytest
from runs_toy import BEST, RANDOM, replicates

from smallset.report.page import page
from smallset.report.page.figures import write_figures
from smallset.report.tables import Runs, report_of

REPORT = report_of(Runs((*replicates("random", RANDOM), *replicates("pca", BEST))))


def test_each_chart_is_an_svg_with_its_title(tmp_path):
    out = tmp_path / "figures"
    files = write_figures(REPORT, out)
    assert [file.name for file in files] == ["bytes-0.svg", "classes-0.svg"]
    text = files[0].read_text()
    assert text.startswith("<svg")
    assert "toy at 8 px, resnet8" in text
    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        write_figures(REPORT, out)


def test_without_their_libraries_page_and_figures_say_what_to_install(tmp_path, monkeypatch):
    for module in ("jinja2", "vl_convert"):
        monkeypatch.setitem(sys.modules, module, None)
    said = r"the page needs jinja2.*Install smallset\[report\], or leave out the page"
    with pytest.raises(ValueError, match=said):
        page(REPORT)
    with pytest.raises(ValueError, match=r"--figures needs vl_convert"):
        write_figures(REPORT, tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
