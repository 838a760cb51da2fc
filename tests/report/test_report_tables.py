import errno
import json
import re

import pytest
from result_toy import fact
from runs_toy import BEST, MATRIX, ONLINE, RANDOM, full, replicates, write_runs

from smallset import files
from smallset.bench.matrix import parse_matrix
from smallset.report.tables import FORMATS, Runs, read_runs, report_of, write_report

MADE = (*replicates("random", RANDOM), *replicates("pca", BEST),
        *replicates("random", BEST, **ONLINE), full(0.9))  # fmt: skip
TABLES = report_of(Runs(MADE, parse_matrix(MATRIX, "toys")))


FILES = ["classes.csv", "page.html", "tables.csv", "tables.html", "tables.md", "tables.tex"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_page_has_leaderboards_then_regimes_then_the_full_data_then_what_is_missing():
    headings = [line for line in TABLES.text("markdown").splitlines() if line.startswith("#")]
    assert headings == [
        "# Toys",
        "## Toy, ResNet-8, ipc 1, hard labels",
        "## Toy, ResNet-8, ipc 1, online(wise) labels",
        "## Soft labels against hard: toy at 8 px, resnet8, ipc 1",
        "## Against the full data: toy at 8 px, resnet8, ipc 1",
        "## Not run yet",
    ]
    assert TABLES.text("latex").count(r"\toprule") == 4
    assert TABLES.text("csv").count("\n") == 4


def test_results_alone_make_tables_too():
    found = report_of(Runs(MADE, None))
    assert found.title == "Results"
    assert found.not_begun == ()
    assert [row.label for row in found.sections[0].rows] == ["random", "pca"]
    whole = report_of(Runs((full(0.9),), None))
    assert whole.sections == whole.tables == ()
    assert whole.text("csv").count("\n") == 1


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(
        ValueError, match=r"no format 'latx'\. Did you mean 'latex'\? Known: markdo"
    ):
        TABLES.text("latx")


def test_files_are_written_and_an_earlier_report_anew(tmp_path):
    out = tmp_path / "report"
    assert write_report(TABLES, out, ["csv"]) == [out / "tables.csv"]
    (out / "tables.csv").write_text("old")
    (out / ".tables.md.partial-1f7a90c3").write_text("of a killed report")
    write_report(TABLES, out, list(FORMATS))
    assert names(out) == FILES
    assert (out / "tables.csv").read_text() == TABLES.text("csv")


def test_a_folder_that_holds_anything_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds 'mine\.txt', which no report wrote.*--out"):
        write_report(TABLES, tmp_path, list(FORMATS))
    assert names(tmp_path) == ["mine.txt"]


def test_a_place_that_cannot_be_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"does not exist\. Make it first"):
        write_report(TABLES, tmp_path / "no/report", ["csv"])
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        write_report(TABLES, tmp_path / "file", ["csv"])


def test_a_full_disk_leaves_the_earlier_tables_whole(tmp_path, monkeypatch):
    write_report(TABLES, tmp_path / "report", list(FORMATS))

    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(files.os, "replace", full_disk)
    with pytest.raises(OSError, match=r"the disk is full.*Free some space"):
        write_report(TABLES, tmp_path / "report", list(FORMATS))
    assert names(tmp_path / "report") == FILES
    assert (tmp_path / "report/tables.md").read_text() == TABLES.text("markdown")


def test_a_run_folder_has_results_and_its_matrix_unless_another_is_named(tmp_path):
    made = replicates("random", RANDOM)
    file = write_runs(tmp_path / "results.jsonl", made)
    assert read_runs(file) == read_runs(tmp_path) == Runs(tuple(made))
    assert read_runs(file, "demo").matrix.title == "Digits"
    (tmp_path / "matrix.toml").write_text(MATRIX)
    assert read_runs(tmp_path).matrix.title == "Toys"
    assert read_runs(tmp_path, "demo").matrix.title == "Digits"
    with pytest.raises(FileNotFoundError, match=r"no matrix 'dem': .*Did you mean 'demo'"):
        read_runs(file, "dem")
    (tmp_path / "matrix.toml").write_text("title = ")
    with pytest.raises(ValueError, match=r"matrix\.toml"):
        read_runs(tmp_path)


def test_without_results_the_error_says_what_was_needed(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no results in '.*no': needed a folder that `sma"):
        read_runs(tmp_path / "no")
    with pytest.raises(FileNotFoundError, match=r"\(no results\.jsonl in it\).*or run the benchma"):
        read_runs(tmp_path)
    (tmp_path / "r.jsonl").write_text("\n")
    with pytest.raises(ValueError, match=r"r\.jsonl' holds no results.*Run `smallset bench` or"):
        read_runs(tmp_path / "r.jsonl")


def test_a_torn_line_and_one_of_another_version_are_errors_with_their_number(tmp_path):
    file = write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM[:2]))
    whole = file.read_text()
    file.write_text(whole[:-9])
    with pytest.raises(ValueError, match=r"line 2 is not a whole result .*Delete that line"):
        read_runs(tmp_path)
    old = {k: v for k, v in json.loads(whole.splitlines()[0]).items() if k != "teacher"}
    file.write_text(whole + json.dumps(old) + "\n")
    with pytest.raises(ValueError, match=r"line 3 is not a result: .* field 'teacher'"):
        read_runs(tmp_path)


def test_a_table_without_a_size_has_that_of_its_results(tmp_path):
    file = write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM))
    (tmp_path / "matrix.toml").write_text(MATRIX.replace("size = 8\n", ""))
    (tmp_path / "whole.toml").write_text(MATRIX)
    assert read_runs(tmp_path).matrix == read_runs(file, str(tmp_path / "whole.toml")).matrix
    (tmp_path / "other.toml").write_text(
        MATRIX.replace("size = 8\n", "").replace('data = "toy"', 'data = "other"')
    )
    [table] = read_runs(file, str(tmp_path / "other.toml")).matrix.sweeps
    assert table.size is None
    write_runs(file, replicates("random", RANDOM, size=16))
    said = (
        f"the matrix leaves out the size of 'toy', but '{file}' has results of it at 8 and 16 px. "
        "Give the size in the matrix's table."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        read_runs(tmp_path)


def test_facts_are_read_from_their_file_or_the_run_folder_and_make_a_table(tmp_path):
    file = write_runs(tmp_path / "facts.jsonl", [fact(), fact(low=None, high=None, unit="")])
    alone = report_of(read_runs(file))
    [table] = alone.tables
    assert table.header == ("fact", "set", "value [95 %]", "unit", "n")
    assert table.cells == (
        ("entropy", "toy, random s", "1.5 [1.25, 1.75]", "nats", "6"),
        ("entropy", "toy, random s", "1.5", "", "6"),
    )
    write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM))
    both = report_of(read_runs(tmp_path))
    assert [t.title for t in both.tables] == [both.sections[0].title, "Facts about sets"]
    assert "<h2>Facts about sets</h2>" in both.text("html")
