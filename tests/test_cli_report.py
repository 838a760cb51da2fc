import pytest
from cli_toy import refused
from result_toy import fact, result

from smallset.evidence.lines import append_line


@pytest.fixture
def runs(shell):
    folder = shell.root / "runs"
    folder.mkdir()
    for seed in range(2):
        append_line(folder / "results.jsonl", result(student_seed=seed, top1=0.3 + seed / 10))
    return folder


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_folder_gets_its_tables_in_all_formats_and_again(shell, runs):
    ran = shell("report", "runs")
    assert ran.code == 0, ran.err
    assert ran.out == (
        "toy at 8 px, resnet8, ipc 1, small-v1, hard labels: 1 method, 2 results, best random "
        "35.0 %\nwrote runs/report/tables.md\nwrote runs/report/tables.csv\n"
        "wrote runs/report/classes.csv\nwrote runs/report/tables.tex\n"
        "wrote runs/report/tables.html\n"
    )
    assert files(runs / "report") == [
        "classes.csv", "tables.csv", "tables.html", "tables.md", "tables.tex"
    ]  # fmt: skip
    before = (runs / "report/tables.md").read_bytes()
    append_line(runs / "results.jsonl", result(student_seed=2, top1=0.9))
    assert shell("report", "runs").code == 0
    assert (runs / "report/tables.md").read_bytes() != before


def test_a_results_file_has_its_tables_beside_it_or_where_out_says(shell, runs):
    assert shell("report", "runs/results.jsonl", "--format", "csv").code == 0
    assert files(runs) == ["results-report", "results.jsonl"]
    assert files(runs / "results-report") == ["tables.csv"]
    assert shell("report", "runs", "--out", "here", "--format", "latex").code == 0
    assert files(shell.root / "here") == ["tables.tex"]


def test_a_folder_of_the_users_is_not_written_to(shell, runs):
    refused(shell("report", "runs", "--out", "runs"), "holds 'results.jsonl', which no report")


def test_a_named_matrix_says_what_is_still_to_come(shell, runs):
    ran = shell("report", "runs/results.jsonl", "--matrix", "demo", "--format", "markdown")
    assert ran.code == 0, ran.err
    assert "not run yet: Digits at 16 px, ResNet-8, 15kB, hard labels: 15 cells\n" in ran.out
    written = (runs / "results-report/tables.md").read_text()
    assert written.startswith("# Digits\n")
    assert written.endswith(
        "## Not run yet\n\n- Digits at 16 px, ResNet-8, 15kB, hard labels: 15 cells\n"
    )
    refused(shell("report", "runs", "--matrix", "dem"), "no matrix 'dem'")


def test_facts_are_printed_as_a_table(shell):
    append_line(shell.root / "facts.jsonl", fact())
    ran = shell("report", "facts.jsonl", "--format", "markdown")
    assert ran.code == 0, ran.err
    assert "toy, random s" in ran.out
    assert "1.5 [1.25, 1.75]" in ran.out
    assert (
        "| entropy | toy, random s | 1.5 [1.25, 1.75] | nats | 6 |"
        in (shell.root / "facts-report/tables.md").read_text()
    )


def test_html_writes_one_page_with_the_sets_of_the_run(shell, runs):
    (runs / "sets/broken").mkdir(parents=True)
    ran = shell("report", "runs", "--html")
    assert ran.code == 0, ran.err
    assert ran.out.endswith("wrote runs/report/page.html\n")
    assert files(runs / "report") == ["page.html"]
    assert "no picture:" in (runs / "report/page.html").read_text()


def test_html_and_another_format_are_refused(shell, runs):
    refused(shell("report", "runs", "--html", "--format", "csv"), "--format csv and --html")
