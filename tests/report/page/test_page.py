import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from result_toy import changed
from runs_toy import BEST, MATRIX, RANDOM, full, replicates

from smallset.bench.matrix import parse_matrix
from smallset.report.page import page
from smallset.report.tables import Runs, read_runs, report_of

ROOT = Path(__file__).parents[3]
LINES = sorted((ROOT / "docs/results").glob("*.jsonl"))
SCRIPT = "<script>alert(1)</script>"


def page_of(*results, matrix=None):
    return page(report_of(Runs(tuple(results), matrix)))


def body(text):
    """The page without the scripts and styles of libraries."""
    return re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)


def test_a_row_has_its_numbers_its_interval_its_commands_and_its_machine():
    text = body(page_of(*replicates("random", RANDOM), *replicates("pca", BEST)))
    assert "12 results, 2 rows in 1 setting" in text
    assert "42.5 [40.5, 44.5]" in text
    assert "+10.8 [8.2, 13.4]" in text
    assert "smallset compress DATA SET --method" in text
    assert "smallset evaluate SET --data DATA --student resnet8" in text
    assert "a processor, float32, 1 thread; torch 2.13" in text


def test_names_with_markup_are_text_everywhere():
    names = {"classes": (SCRIPT, 'b"&'), "method": SCRIPT, "dataset": SCRIPT}
    made = [changed(r, **names) for r in replicates("pca", BEST)]
    made += [changed(r, **{**names, "method": "random"}) for r in replicates("random", RANDOM)]
    text = page_of(*made)
    assert SCRIPT not in text
    assert body(text).count("&lt;script&gt;alert(1)&lt;/script&gt;") > 3


def test_without_a_baseline_the_page_says_so():
    text = body(page_of(*replicates("pca", BEST)))
    assert "No random baseline, or nothing else, in 1 of 1 setting: nothing is compared" in text
    assert "<li>toy at 8 px, resnet8, ipc 1" in text
    assert "Differences in each class" not in text


def test_results_on_the_full_data_alone_make_a_page_without_rows():
    text = body(page_of(full(0.9)))
    assert "1 result, 0 rows in 0 settings" in text
    assert "<table" not in text


def test_cells_without_a_result_are_named():
    text = body(page_of(*replicates("random", RANDOM), matrix=parse_matrix(MATRIX, "toys")))
    assert "Not run yet" in text
    assert "Toy, ResNet-8, ipc 2, hard labels: 12 cells" in text


def test_a_thousand_cells_fit_in_a_page():
    many = [0.3 + number / 100 for number in range(10)]
    made = [
        changed(r, spec=f"set {number}", codec="as found")
        for number in range(100)
        for r in replicates("random", many)
    ]
    text = page_of(*made)
    assert "1,000 results, 100 rows" in text
    assert len(text.encode()) < 3_000_000


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_the_page_of_published_lines_is_small_and_asks_no_server(file):
    text = page(report_of(read_runs(file, file.stem)))
    assert len(text.encode()) < 3_000_000
    assert not re.findall(r"""(?:src|href)=["']?https?:""", body(text))
    for spec in re.findall(r'<script type="application/json">(.*?)</script>', text):
        assert "url" not in json.loads(spec)["data"]


def test_a_page_loads_no_torch():
    code = (
        "import sys; from pathlib import Path; from smallset.report.page import page\n"
        "from smallset.report.tables import read_runs, report_of\n"
        f"page(report_of(read_runs(Path({str(LINES[0])!r}))))\n"
        "print({'torch', 'datasets', 'sklearn'} & {*sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout == "set()\n", ran.stderr
