import re
from pathlib import Path

import pytest
from PIL import Image
from test_docs import study

ROOT = Path(__file__).parents[1]
FINDINGS = study("findings")


@pytest.mark.parametrize("page", FINDINGS.PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_what_the_lines_say(page):
    text = page.read_text(encoding="utf-8")
    assert text == FINDINGS.filled(text)


def test_a_table_that_nothing_fills_is_an_error():
    with pytest.raises(KeyError, match="nothing"):
        FINDINGS.filled("<!-- table: nothing -->\n<!-- end -->")


def test_every_finding_has_its_figure_and_the_figure_shows_what_the_lines_say():
    made = FINDINGS.figures()
    assert {file.name for file in FINDINGS.FIGURES.iterdir()} == set(made)
    text = "".join(page.read_text(encoding="utf-8") for page in FINDINGS.PAGES)
    for name, drawn in made.items():
        assert f"findings/{name}" in text
        assert _said(drawn) == _said((FINDINGS.FIGURES / name).read_text(encoding="utf-8"))
        assert _said(drawn)


def test_the_picture_of_the_readme_shows_what_the_lines_say():
    picture = study("picture")
    assert Image.open(picture.FIRST).text[picture.NUMBERS] == picture.numbers(picture.frontier())
    assert picture.PICTURE.exists()


def _said(svg: str) -> list[str]:
    """Return what each mark says to a screen reader: its values."""
    return re.findall(r'aria-label="([^"]*said[^"]*)"', svg)


@pytest.mark.parametrize("page", ["README.md", "docs/results.md", "docs/pack.md"])
def test_every_number_of_the_text_stands_in_a_published_table(page):
    published = "".join(
        file.read_text(encoding="utf-8") for file in ROOT.glob("docs/results/*/tables.md")
    )
    known = set(re.findall(r"\d+\.\d+", published))
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("|"))
    said = set(re.findall(r"(?<![\d.])\d+\.\d(?![\d.])", text))
    assert said or page == "README.md"
    assert said <= known
