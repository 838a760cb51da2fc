"""Rows of all regimes and budgets, sorted by accuracy per byte."""

import pytest
from cli_toy import Shell
from runs_toy import BEST, CLOSE, ONLINE, RANDOM, replicates, write_runs

from smallset.records import Cost
from smallset.report.per_byte import per_byte_tables, points_per_megabyte
from smallset.report.sections import sections

INT8 = 'stored(teacher="a.pt", format=int8, prune=0.9, view_seed=0)'
STORED = {"labels": INT8, "teacher": "a.pt", "cost": Cost(1000, labels=1000)}
MADE = [
    *replicates("pca", BEST, **ONLINE), *replicates("random", RANDOM),
    *replicates("pca", BEST, **STORED), *replicates("pca", CLOSE),
]  # fmt: skip


def test_the_most_accuracy_per_byte_comes_first_whatever_the_labels():
    [table] = per_byte_tables(sections(MADE, {}))
    assert table.title == "Accuracy per byte: toy at 8 px, resnet8"
    assert [row[:2] for row in table.rows] == [
        ("pca", "hard"), ("random", "hard"), ("pca", "stored(format=int8, prune=0.9)"),
        ("pca", "online"),
    ]  # fmt: skip
    assert [row[6:9] for row in table.rows][2:] == [(1000, 1000, 0), (1000, 0, 1_000_000)]


def test_points_are_percent_over_all_bytes():
    [section] = sections(replicates("pca", [0.4, 0.6], **STORED), {})
    assert points_per_megabyte(section.rows[0]) == pytest.approx(50 / 0.002)


def test_a_row_says_its_own_number_of_images():
    few, many = (
        replicates(method, BEST, budget="bytes=1kB", images=images)
        for method, images in (("random", 9), ("pca", 30))
    )
    [table] = per_byte_tables(sections([*few, *many], {}))
    assert {row[0]: row[3] for row in table.rows} == {"random": 9, "pca": 30}


def test_other_students_and_data_have_tables_of_their_own():
    other = replicates("pca", BEST, student="resnet20")
    assert len(per_byte_tables(sections([*MADE, *other], {}))) == 2


def test_the_command_begins_with_these_tables_if_asked(tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path, monkeypatch, capsys)
    write_runs(shell.root / "results.jsonl", MADE)
    for words, found in (((), False), (("--per-byte",), True)):
        ran = shell("report", "results.jsonl", *words, "--format", "markdown")
        assert ran.code == 0, ran
        text = (shell.root / "results-report" / "tables.md").read_text()
        assert text.startswith("# Results\n\n## Accuracy per byte: ") is found
