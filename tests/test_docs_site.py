"""The site, built as `make docs` builds it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import smallset

ROOT = Path(__file__).parents[1]


def test_the_page_for_python_names_all_that_is_public():
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\.\. auto\w+:: (\w+)", text)) == sorted(smallset.__all__)


def test_the_site_is_built_without_a_warning_and_asks_no_server(tmp_path):
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module, reason=f"no {module}: install smallset[docs]")
    site = tmp_path / "site"
    words = ["-q", "-W", "-b", "html", "-d", tmp_path / "trees", "-c", "docs/site", "docs", site]
    ran = subprocess.run(
        [sys.executable, "-m", "sphinx", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "Make an image dataset small" in (site / "index.html").read_text(encoding="utf-8")
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|<link[^>]*href)=["']?https?:""", text), page.name
