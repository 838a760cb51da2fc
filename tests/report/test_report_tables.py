import errno

import pytest
from runs_toy import BEST, MATRIX, ONLINE, RANDOM, full, replicates

from smallset import files
from smallset.bench.matrix import parse_matrix
from smallset.report.runs import Runs
from smallset.report.tables import FORMATS, tables_of, write_tables

MADE = (*replicates("random", RANDOM), *replicates("pca", BEST),
        *replicates("random", BEST, **ONLINE), full(0.9))  # fmt: skip
TABLES = tables_of(Runs(MADE, parse_matrix(MATRIX, "toys")))


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
    found = tables_of(Runs(MADE, None))
    assert found.title == "Results"
    assert found.not_begun == ()
    assert [row.label for row in found.sections[0].rows] == ["random", "pca"]


def test_results_of_the_full_data_alone_make_no_table():
    found = tables_of(Runs((full(0.9),), None))
    assert found.sections == found.panels == ()
    assert found.text("csv") == "\n"


def test_the_same_results_give_the_same_text():
    again = tables_of(Runs(MADE, parse_matrix(MATRIX, "toys")))
    assert [again.text(f) for f in FORMATS] == [TABLES.text(f) for f in FORMATS]


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(
        ValueError, match=r"no format 'latx'\. Did you mean 'latex'\? Known: markdo"
    ):
        TABLES.text("latx")


def test_files_are_written_and_an_earlier_report_anew(tmp_path):
    out = tmp_path / "report"
    assert write_tables(TABLES, out, ["csv"]) == [out / "tables.csv"]
    (out / "tables.csv").write_text("old")
    (out / ".tables.md.partial-17").write_text("of a killed report")
    write_tables(TABLES, out, list(FORMATS))
    assert names(out) == ["classes.csv", "tables.csv", "tables.md", "tables.tex"]
    assert (out / "tables.csv").read_text() == TABLES.text("csv")


def test_a_folder_that_holds_anything_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds 'mine\.txt', which no report wrote.*--out"):
        write_tables(TABLES, tmp_path, list(FORMATS))
    assert names(tmp_path) == ["mine.txt"]


def test_a_place_that_cannot_be_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"does not exist\. Make it first"):
        write_tables(TABLES, tmp_path / "no/report", ["csv"])
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        write_tables(TABLES, tmp_path / "file", ["csv"])


def test_a_full_disk_leaves_the_earlier_tables_whole(tmp_path, monkeypatch):
    write_tables(TABLES, tmp_path / "report", list(FORMATS))

    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(files.os, "replace", full_disk)
    with pytest.raises(OSError, match=r"the disk is full.*Free some space"):
        write_tables(TABLES, tmp_path / "report", list(FORMATS))
    assert names(tmp_path / "report") == ["classes.csv", "tables.csv", "tables.md", "tables.tex"]
    assert (tmp_path / "report/tables.md").read_text() == TABLES.text("markdown")
