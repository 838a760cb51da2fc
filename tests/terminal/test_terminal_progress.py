import re
import time
from collections.abc import Callable

import pytest

from smallset.terminal import complain
from smallset.terminal.progress import Stages


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
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        for name, value in {"COLUMNS": "100", "TERM": "xterm"}.items():
            monkeypatch.setenv(name, value)

    return pretend


def test_progress_and_errors_need_no_stderr(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr", None)
    with Stages() as stages:
        stages("train", 1, 2)
    complain("no room")
    assert capsys.readouterr().out == ""


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
