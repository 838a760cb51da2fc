import re
from dataclasses import replace
from pathlib import Path

import pytest

from smallset.bench.cells import cells_of, identity_of
from smallset.bench.matrix import FULL, read_matrix, shipped
from smallset.bench.sources import Source
from smallset.data import open_data
from smallset.evidence.results import read_results
from smallset.report.runs import read_runs
from smallset.report.tables import FORMATS, tables_of
from smallset.train.device import Machine

ROOT = Path(__file__).parents[1]
LINES = sorted((ROOT / "docs/results").glob("*.jsonl"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_there_are_results_and_each_file_is_named_after_its_matrix():
    assert LINES
    assert {file.stem for file in LINES} <= set(shipped())


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_the_tables_of_the_docs_are_what_their_command_writes(file):
    """`smallset report docs/results/NAME.jsonl --matrix NAME --format markdown`."""
    written = file.with_name(f"{file.stem}-report") / FORMATS["markdown"]
    assert written.read_text(encoding="utf-8") == tables_of(read_runs(file, file.stem)).text(
        "markdown"
    )


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_every_line_is_of_a_cell_of_its_matrix_and_of_one_that_has_no_other(file, tmp_path):
    digits, results, known = open_data("digits", work=tmp_path), read_results(file), set()
    for (name, fingerprint), first in {(r.dataset, r.data_fingerprint): r for r in results}.items():
        source = Source(name, replace(digits, fingerprint=fingerprint))
        machine = Machine(first.device, first.precision, first.threads)
        known |= {c.identity for c in cells_of(read_matrix(file.stem), {name: source}, machine)}
    known = {replace(i, images=0) if i.spec == FULL else i for i in known}  # digits are fewer
    found = [identity_of(replace(r, images=0) if r.spec == FULL else r) for r in results]
    assert [i for i in found if i not in known] == []
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_the_page_of_results_links_to_each_table_and_its_lines(file):
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert f"](results/{file.name})" in page
    assert f"](results/{file.stem}-report/tables.md)" in page


def test_every_link_of_the_documents_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_digits_of_the_readme_are_counted():
    data = open_data("digits", work=ROOT)
    assert len(data.train) + len(data.test) == 1797
