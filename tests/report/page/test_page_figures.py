import builtins

import pytest
from runs_toy import BEST, RANDOM, replicates

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


def test_without_the_extra_the_error_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **keywords):
        if name == "vl_convert":
            raise ImportError("no vl_convert", name=name)
        return real(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"vl-convert-python.*smallset\[report\]"):
        write_figures(REPORT, tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
