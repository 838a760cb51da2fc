import sys

import pytest
from runs_toy import RANDOM, replicates

from smallset.report.page import page
from smallset.report.page.figures import write_figures
from smallset.report.tables import Runs, report_of

REPORT = report_of(Runs(tuple(replicates("random", RANDOM))))


def test_a_page_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    said = r"the page needs jinja2.*Install smallset\[report\], or leave out the page"
    with pytest.raises(ValueError, match=said):
        page(REPORT)


def test_figures_without_their_libraries_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ValueError, match=r"--figures needs vl_convert"):
        write_figures(REPORT, tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
