import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from result_toy import result
from rich.cells import cell_len

from smallset.bench import shipped
from smallset.bench.cells import cells_of
from smallset.bench.kinds import Unit
from smallset.bench.kinds.cell import CellUnit
from smallset.bench.kinds.sets import SetUnit
from smallset.bench.matrix import matrix_text, parse_matrix
from smallset.bench.run import Finished
from smallset.bench.sources import BenchData
from smallset.data import from_arrays
from smallset.records import Cost
from smallset.report.leaderboard import comparison
from smallset.report.rows import rows
from smallset.terminal import show_table
from smallset.terminal.results import finished_line, result_line, show_evaluation
from smallset.train.device import Machine


def test_a_result_is_one_line_with_its_worst_class():
    assert result_line(result(student_seed=2, set_seed=1)) == (
        "set 1, student 2: top-1 50.00 %, top-5 100.00 %, worst class 'ape' 25.00 %, 2 s"
    )
    long = result(classes=("ape, " * 30, "bee"), set_seed=1_000, student_seed=1_000)
    assert len(result_line(replace(long, labels="online", seconds=5_000))) <= 99


def unit_of(data: str, label: str, kind: str = "cell") -> Unit:
    """A student or a set of a matrix, on a data set and of a method of those names."""
    text = (
        f'title = "t"\n[methods]\n{label!r} = "random"\n[[table]]\ntitle = "t"\ndata = "{data}"\n'
        f'size = 224\nipc = [100]\nstudents = ["resnet18-3x3"]\nmethods = [{label!r}]\n'
        "replicates = 10\n"
    )
    matrix = parse_matrix(text, "m.toml")
    images = np.zeros((200, 8, 8, 3), np.uint8)
    source = BenchData(
        data, from_arrays(images, np.arange(200) % 2, test=(images[:2], np.arange(2)))
    )
    cell = cells_of(matrix, {data: source}, Machine("cpu", "float32", 1))[-1]
    key = f"{cell.brief} [0123456789ab]"
    made = SetUnit(asker=cell, key=key, out=Path("made"), method="random")
    if kind == "set":
        return made
    return CellUnit(asker=cell, key="", made=made, method="random", teacher=None, labels="hard")


def test_a_finished_cell_is_a_line_with_its_accuracy_and_the_time_left():
    finished = Finished(unit_of("cifar10", "PCA"), result(seconds=123.0), 12, 345)
    assert finished_line(finished, 11_000.0) == (
        "12/345  cifar10, 224 px, PCA, ipc 100, resnet18-3x3, seed 9: "
        "top-1 50.00 %, 2 min, 3.1 h left"
    )
    assert finished_line(finished, None).endswith(", seed 9: top-1 50.00 %, 2 min")


# Read as plain tables: whole matrices take a second, and this is read when tests are collected.
METHODS = [tomllib.loads(matrix_text(name))["methods"] for name in shipped()]
LABELS = sorted({label for methods in METHODS for label in methods}, key=len)


@pytest.mark.parametrize("label", [LABELS[-1], "PCA, but " * 20, "猫" * 60])
@pytest.mark.parametrize("data", ["cifar10", "hf:somebody/a-data-set-with-a-very-long-name-indeed"])
@pytest.mark.parametrize("kind", ["cell", "set"])
def test_the_line_of_a_unit_fits_into_100_columns(label, data, kind):
    found = result(top1=1.0, seconds=5_000.0) if kind == "cell" else None
    finished = Finished(unit_of(data, label, kind), found, 10_000, 10_000)
    line = finished_line(finished, 5_000.0)
    assert cell_len(line) < 100
    assert line.startswith("10000/10000  ")
    assert line.endswith(", 83 min left")
    assert "…" in line
    assert (" 224 px, mos" in line and "seed 9" in line) or label != LABELS[-1]


def test_a_unit_without_a_result_is_named_without_its_digest():
    unit = replace(unit_of("toy", "PCA", "set"), key="set toy 8 px, PCA [0123456789ab]")
    assert finished_line(Finished(unit, None, 1, 9), None) == "1/9  set toy 8 px, PCA"


def test_students_of_one_set_are_summed_up_with_what_they_cannot_say(capsys, tmp_path):
    found = [result(student_seed=s, top1=top1) for s, top1 in enumerate((0.25, 0.35))]
    show_evaluation(found, tmp_path / "r.jsonl")
    out = capsys.readouterr().out
    assert "resnet8 on random, small-v1, hard labels\n" in out
    assert "top-1 30.00 % [-33.53, 93.53] (95 %), n = 2\n" in out
    assert "per class, %: ape 25.0, bee 75.0\n" in out
    assert "1,000 bytes, 20.0x fewer than the source's 20,000, no label bytes\n" in out
    assert "2 students on one set: the interval covers the variation of students" in out


def test_a_result_of_a_set_without_a_seed_names_none_and_soft_labels_are_named():
    line = result_line(result(set_seed=None, labels="online"))
    assert line.startswith("student 0, online labels: top-1 50.00 %, ")


def test_a_teacher_is_shown_with_its_bytes_and_its_accuracy(capsys, tmp_path):
    taught = result(
        labels="online", teacher="t.pt", teacher_top1=0.994, cost=Cost(1000, 0, 18_800_000)
    )
    show_evaluation([taught], tmp_path / "r.jsonl")
    out = capsys.readouterr().out
    assert "resnet8 on random, small-v1, online labels\n" in out
    assert "source's 20,000, no label bytes, 18,800,000 teacher bytes\n" in out
    assert "teacher t.pt: top-1 99.40 % on the held-out images\n" in out
    show_evaluation([result(cost=Cost(1000, 1200))], tmp_path / "r.jsonl")
    out = capsys.readouterr().out
    assert "20,000, 1,200 label bytes\n" in out
    assert "teacher " not in out


def test_a_protocol_that_peeks_is_shown_to(capsys, tmp_path):
    show_evaluation([result(protocol="rethinkdc-v1")], tmp_path / "r.jsonl")
    assert "best of several tests counts, chosen on the held-out images" in capsys.readouterr().out
    show_evaluation([result()], tmp_path / "r.jsonl")
    assert "best of" not in capsys.readouterr().out


def test_one_student_has_no_interval_and_many_classes_are_cut(capsys, tmp_path):
    names = tuple(f"c{i}" for i in range(23))
    show_evaluation([result(classes=names, per_class=(0.5,) * 23)], tmp_path / "r.jsonl")
    out = capsys.readouterr().out
    assert "top-1 50.00 %, n = 1\n" in out
    assert f"c19 50.0 and 3 more in {tmp_path / 'r.jsonl'}\n" in out
    assert "students on one set" not in out


def test_a_comparison_says_what_did_not_win_and_which_seeds_varied(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    values = {"random": (0.5, 0.52, 0.51), "bad": (0.1, 0.11, 0.12), "so-so": (0.4, 0.6, 0.55)}
    specs = {"random": result().spec}
    results = [
        result(method=name, spec=specs.get(name, name), top1=top1, student_seed=seed)
        for name, group in values.items()
        for seed, top1 in enumerate(group)
    ]
    show_table(comparison(rows(results)))
    out = capsys.readouterr().out
    assert "Varied: random | bad | so-so: 1 set, 3 student seeds.\n" in out
    assert "bad is worse than random here.\n" in out
    assert "so-so does not differ clearly from random here.\n" in out
    assert "…" not in out
    assert all(cell in out for row in comparison(rows(results)).cells for cell in row)
