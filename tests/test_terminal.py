import re
import time
from collections.abc import Callable

import pytest
from result_toy import result
from rich.console import Console

from smallset import terminal
from smallset.report.table import rows
from smallset.terminal import Stages, complain, result_line, say, show_comparison, show_evaluation


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


def test_a_log_has_plain_lines_now_and_then_and_the_seconds_of_each_stage(clock, capsys):
    with Stages() as stages:
        for done in range(1, 8):
            clock.now += 4
            stages("train", done, 8)
        clock.now += 2.5
        stages("test", 1_000, 1_000)
        clock.now += 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "train: 3 of 8, 12 s so far",
        "train: 6 of 8, 24 s so far",
        "train                        28.0 s",
        "test                          2.5 s",
        "in all                       31.5 s",
    ]


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


def test_a_terminal_gets_bars_with_rate_and_time_left(clock, capsys, on_terminal):
    on_terminal()
    with Stages() as stages:
        for done in (1, 2, 3):
            clock.now += 0.5
            stages("train", done, 8)
        stages.say("a result")
        shown = stages._bars.tasks[0]
        assert (shown.description, shown.completed, shown.total) == ("train", 3, 8)
        assert shown.fields["rate"] == "2/s"
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert "\x1b[" in err
    assert "3/8" in err
    assert re.search(r"train +1\.5 s", err)


def test_a_stage_that_begins_again_has_a_rate_of_its_own(clock, capsys, on_terminal):
    on_terminal()
    with Stages() as stages:
        for done in (1, 2, 3, 4):
            clock.now += 10
            stages("train", done, 4)
        clock.now += 60
        stages("test", 1, 1)
        clock.now += 0.1
        stages("train", 2, 4)
        task = stages._bars.tasks[0]
        assert task.fields["rate"] == "20/s"
        assert (task.completed, task.finished) == (2, False)


@pytest.mark.parametrize(
    ("seconds", "rate"), [(0.0001, "10,000/s"), (0.05, "20/s"), (20, "0.05/s"), (0.3, "3.3/s")]
)
def test_rates_read_well_from_slow_to_fast(clock, on_terminal, seconds, rate):
    on_terminal()
    with Stages() as stages:
        clock.now += seconds
        stages("train", 1, 4)
        assert stages._bars.tasks[0].fields["rate"] == rate


def test_what_the_user_named_is_printed_as_it_is(capsys):
    for text in (":cat:", "[bold]x[/bold]", "[/]", "a" * 300, "Träumer"):
        say(text)
        complain(text)
        assert capsys.readouterr() == (f"{text}\n", f"error: {text}\n")


def test_a_result_is_one_line_with_its_worst_class():
    assert result_line(result(student_seed=2, set_seed=1)) == (
        "set 1, student 2: top-1 50.00 %, top-5 100.00 %, worst class 'ape' 25.00 %, "
        "loss 0.1250, 1,200 steps in 2.5 s, 1,234 images/s"
    )


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
    taught = result(labels="online", teacher="t.pt", teacher_top1=0.994, teacher_bytes=18_800_000)
    show_evaluation([taught], tmp_path / "r.jsonl")
    out = capsys.readouterr().out
    assert "resnet8 on random, small-v1, online labels\n" in out
    assert "source's 20,000, no label bytes, 18,800,000 teacher bytes\n" in out
    assert "teacher t.pt: top-1 99.40 % on the held-out images\n" in out
    show_evaluation([result(label_bytes=1200)], tmp_path / "r.jsonl")
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
    show_comparison(rows(results))
    out = capsys.readouterr().out
    assert "Varied: random | bad | so-so: 1 set, 3 student seeds.\n" in out
    assert "bad is worse than random here.\n" in out
    assert "so-so does not differ clearly from random here.\n" in out
    assert "…" not in out
    for row in rows(results):
        for cell in row.cells():
            assert cell in out
