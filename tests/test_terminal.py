import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from result_toy import result
from rich.cells import cell_len
from rich.console import Console

from smallset import terminal
from smallset.bench.cells import cells_of
from smallset.bench.kinds import Unit
from smallset.bench.kinds.cell import CellUnit
from smallset.bench.kinds.sets import SetUnit
from smallset.bench.matrix import parse_matrix, read_matrix, shipped
from smallset.bench.run import Finished
from smallset.bench.sources import BenchData
from smallset.data import from_arrays
from smallset.records import Cost
from smallset.report.leaderboard import comparison
from smallset.report.rows import rows
from smallset.terminal import (
    Stages,
    complain,
    duration,
    finished_line,
    fitted,
    result_line,
    say,
    show_evaluation,
    show_table,
)
from smallset.train.device import Machine


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    return clock


@pytest.fixture
def on_terminal(monkeypatch) -> Callable[[], None]:
    def pretend() -> None:
        console = Console(stderr=True, force_terminal=True, width=100, highlight=False)
        monkeypatch.setattr(terminal, "_err", console)

    return pretend


def test_a_log_has_lines_with_rate_and_time_left_and_the_seconds_of_each_stage(clock, capsys):
    with Stages(started=94.0) as stages:
        for done in range(1, 8):
            clock.now += 4
            stages("train", 1_000 * done, 8_000)
        clock.now += 2.5
        stages("test", 1_000, 1_000)
        clock.now += 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "train: 3,000 of 8,000, 250/s, 20 s left",
        "train: 6,000 of 8,000, 250/s, 8 s left",
        "train                        28.0 s",
        "test                          2.5 s",
        "in all                       37.5 s",
    ]


def log(reports: list[tuple[float, str, int, int]], clock: Clock, capsys) -> list[str]:
    """Report (seconds later, stage, done, total), and give the lines of the log."""
    stages = Stages()
    for seconds, *report in reports:
        clock.now += seconds
        stages(*report)
    return capsys.readouterr().err.splitlines()


def test_the_time_left_is_of_the_whole_job_all_its_students_and_stages(clock, capsys):
    assert log(
        [
            (10, "train, student 1 of 3", 50, 600),
            (10, "train, student 1 of 3", 150, 600),
            (10, "train, student 1 of 3", 200, 600),
            (5, "test, student 1 of 3", 100, 600),
            (1, "test, student 1 of 3", 200, 600),
            (10, "train, student 2 of 3", 201, 600),
            (10, "train, student 2 of 3", 301, 600),
        ],
        clock,
        capsys,
    ) == [
        "train: 150 of 600 (student 1 of 3), 10/s, 45 s left",
        "train: 200 of 600 (student 1 of 3), 7.5/s, 53 s left",
        "train: 201 of 600 (student 2 of 3), 7.5/s, 57 s left",
        # 299 at 250 in 30 s, and 400 at 100 in 1 s
        "train: 301 of 600 (student 2 of 3), 8.3/s, 40 s left",
    ]


def test_what_a_killed_run_had_done_and_what_a_compiler_takes_count_as_no_speed(clock, capsys):
    assert log([(300, "train", 9_000, 10_000), (10, "train", 9_100, 10_000)], clock, capsys) == [
        "train: 9,100 of 10,000, 10/s, 2 min left"
    ]
    jumped = [
        (10, "train, student 1 of 3", 10, 300),
        (10, "train, student 1 of 3", 100, 300),
        (10, "train, student 3 of 3", 210, 300),  # the second was there already
        (10, "train, student 3 of 3", 220, 300),
    ]
    assert log(jumped, clock, capsys)[-1] == "train: 220 of 300 (student 3 of 3), 5/s, 16 s left"


def test_lines_fit_into_100_columns(clock, capsys, on_terminal, monkeypatch):
    stage = f"decode {'split' * 30} at 224 px, student 10 of 10, epoch 100 of 100"
    reports = [(0.001, stage, 1_000_000, 1_281_167), (11, stage, 1_100_000, 1_281_167)]
    [line] = log(reports, clock, capsys)
    assert len(line) == 99
    assert line.startswith("decode sp")
    said = "px: 1,100,000 of 1,281,167 (student 10 of 10, epoch 100 of 100), 9,091/s, 20 s left"
    assert line.endswith(said)
    on_terminal()
    with Stages() as stages:
        for seconds, *report in reports:
            clock.now += seconds
            stages(*report)
        shown = stages._bars.tasks[0].description
        assert shown.endswith(said[2:])
        assert len(shown) + 12 + 1 < 100


def test_a_stage_in_several_pieces_is_summed(clock, capsys):
    with Stages() as stages:
        for _ in range(3):
            clock.now += 1
            stages("train", 1, 1)
            clock.now += 2
            stages("test", 1, 1)
    err = capsys.readouterr().err
    assert re.search(r"^train +3\.0 s$", err, re.M)
    assert re.search(r"^test +6\.0 s$", err, re.M)


def test_an_error_ends_the_stages_without_a_summary(capsys):
    def fail(stages: Stages) -> None:
        with stages:
            stages("train", 1, 2)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail(Stages())
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_bars_with_the_words_of_a_log(clock, capsys, on_terminal):
    on_terminal()
    with Stages() as stages:
        for done in (1, 2, 3):
            clock.now += 0.5
            stages("train, student 1 of 2", done, 8)
        stages.say("a result")
        shown = stages._bars.tasks[0]
        assert (shown.completed, shown.total) == (3, 8)
        assert shown.description == "train: 3 of 8 (student 1 of 2), 2/s, 2 s left"
        stages("test, student 1 of 2", 1, 2)
        assert shown.description == "train: 3 of 8 (student 1 of 2), 2/s"
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert "\x1b[" in err
    assert "3 of 8" in err
    assert re.search(r"train +1\.5 s", err)


def test_a_stage_that_begins_again_has_a_rate_of_its_own(clock, capsys, on_terminal):
    on_terminal()
    with Stages() as stages:
        for done in (1, 2, 3, 4):
            clock.now += 10
            stages("train", done, 4)
        clock.now += 60
        stages("test", 1, 1)
        for done in (1, 3):
            clock.now += 0.1
            stages("train", done, 4)
        task = stages._bars.tasks[0]
        assert task.description == "train: 3 of 4, 20/s, 0 s left"
        assert (task.completed, task.percentage) == (3, 75)


@pytest.mark.parametrize(
    ("seconds", "rate"), [(0.0001, "10,000/s"), (0.05, "20/s"), (20, "0.05/s"), (0.3, "3.3/s")]
)
def test_rates_read_well_from_slow_to_fast(clock, on_terminal, seconds, rate):
    on_terminal()
    with Stages() as stages:
        for done in (1, 2):
            clock.now += seconds
            stages("train", done, 4)
        assert f"train: 2 of 4, {rate}, " in stages._bars.tasks[0].description


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_durations_are_in_the_unit_that_suits_them(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("as it is", 8, "as it is"),
        ("train, a-very-long-name, ipc 10", 24, "train, a-ve…name, ipc 10"),
        ("aaaa, bbbb, cccc", 9, "aaaa…cccc"),
        ("猫猫猫猫猫猫", 7, "猫猫…猫"),
        ("abc", 2, "…"),
    ],
)
def test_a_long_text_loses_the_middle_of_its_longest_part(text, columns, said):
    assert fitted(text, columns) == said


def test_what_the_user_named_is_printed_as_it_is(capsys):
    for text in (":cat:", "[bold]x[/bold]", "[/]", "a" * 300, "Träumer"):
        say(text)
        complain(text)
        assert capsys.readouterr() == (f"{text}\n", f"error: {text}\n")


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
    if kind == "set":
        return SetUnit(asker=cell, data=data, key=f"{cell.brief} [0123456789ab]", method="random")
    return CellUnit(asker=cell, data=data, key="", set=Path(), labels="hard", taught=None)


def test_a_finished_cell_is_a_line_with_its_accuracy_and_the_time_left():
    finished = Finished(unit_of("cifar10", "PCA"), result(seconds=123.0), 12, 345)
    assert finished_line(finished, 11_000.0) == (
        "12/345  cifar10, 224 px, PCA, ipc 100, resnet18-3x3, seed 9: "
        "top-1 50.00 %, 2 min, 3.1 h left"
    )
    assert finished_line(finished, None).endswith(", seed 9: top-1 50.00 %, 2 min")


LABELS = sorted({label for name in shipped() for label in read_matrix(name).methods}, key=len)


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
    assert "2 students on one set: the interval holds the student's luck only" in out


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


MADE = {
    "observer": "observer(model=resnet8, epochs=10)",
    "observer_right": "0.8712",
    "observer_learned": "0.8",
}


def test_what_looked_and_what_was_read_is_said():
    read = {"observer_epochs": "10", "epochs_read": "8 9 10"}
    assert terminal.observer_lines(MADE | read) == [
        "observer: observer(model=resnet8, epochs=10)",
        "observer's top-1 on its clean training images: 87.12 %",
        "epochs read: 8 to 10 of 10",
    ]
    assert terminal.observer_lines(MADE)[2:] == []
    assert terminal.observer_lines({}) == []


def test_epochs_that_were_trained_for_nothing_are_said():
    read = {"observer_epochs": "10", "epochs_read": "2 5"}
    assert terminal.observer_lines(MADE | read)[2:] == [
        "epochs read: 2, 5 of 10",
        "note: the score does not read the epochs after 5, which were trained all the same. "
        "observer=observer(epochs=5) trains less, on another schedule",
    ]


def test_an_observer_that_has_hardly_learned_is_warned_of():
    assert terminal.observer_lines(MADE | {"observer_learned": "0.3999"})[2:] == [
        "warning: the observer has hardly learned, so its scores may mean little. Train longer: "
        "observer=observer(epochs=N)"
    ]
    assert len(terminal.observer_lines(MADE | {"observer_learned": "0.4"})) == 2
