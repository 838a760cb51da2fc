"""Worker processes: order, side by side, death, errors, threads."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import parallel_toy
import pytest

from smallset.parallel import Done, Here, Task, TaskError, Workers

TOY = Path(__file__).parent


@pytest.fixture(autouse=True)
def importable(monkeypatch) -> None:
    """Let new processes import the toy tasks, as they import any module of the package."""
    monkeypatch.setenv("PYTHONPATH", str(TOY))


def gone(process: int) -> bool:
    """Whether a process has ended within a minute."""
    for _ in range(6000):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{process}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_here_gives_values_and_runs_each_task_after_its_needs(tmp_path):
    log = tmp_path / "log"
    tasks = [
        Task("last", parallel_toy.note, (log, "last"), ("second", "value")),
        Task("second", parallel_toy.note, (log, "second"), ("first",)),
        Task("first", parallel_toy.note, (log, "first")),
        Task("value", parallel_toy.double, (21,)),
    ]
    workers = Here(1)
    assert isinstance(workers, Workers)
    done = {d.key: d.value for d in workers.run(tasks)}
    assert done == {"first": None, "second": None, "last": None, "value": 42}
    assert log.read_text().split() == ["first", "second", "last"]


def test_two_jobs_run_side_by_side_on_one_thread_each(tmp_path):
    tasks = [
        Task("a", parallel_toy.meet, (tmp_path, "a", "b")),
        Task("b", parallel_toy.meet, (tmp_path, "b", "a")),
        Task("threads", parallel_toy.threads, (), ("a", "b")),
    ]
    before = os.environ.get("OMP_NUM_THREADS")
    done = {d.key: d.value for d in Here(2).run(tasks)}
    assert done == {"a": "a", "b": "b", "threads": ("1", 1)}
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_workers_end_in_order_and_clear_up(tmp_path):
    tasks = [
        Task("one", parallel_toy.clear_up, (tmp_path / "one",)),
        Task("two", parallel_toy.clear_up, (tmp_path / "two",)),
        Task("meanwhile", parallel_toy.double, (1,), ("one", "two")),
    ]
    for done in Here(2).run(tasks):
        if done.key == "meanwhile":
            assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == []


def test_killed_worker_loses_only_its_task_which_is_tried_again(tmp_path):
    tasks = [
        Task("dies", parallel_toy.die, (tmp_path / "tries", 2)),
        Task("after", parallel_toy.double, (1,), ("dies",)),
    ]
    assert {d.key: d.value for d in Here(1).run(tasks)} == {"dies": 3, "after": 2}


def test_task_that_kills_every_worker_is_an_error_with_its_name(tmp_path):
    tries = tmp_path / "tries"
    with pytest.raises(TaskError, match=r"the hungry one: its process died 4 times .*exit code -9"):
        list(Here(1).run([Task("the hungry one", parallel_toy.die, (tries, 99))]))
    assert len(tries.read_text().split()) == 4


@pytest.mark.parametrize("task", [parallel_toy.refuse, parallel_toy.diverge])
def test_error_in_a_task_stops_the_run_and_names_it_once_the_others_are_done(tmp_path, task):
    tasks = [
        Task("bad", task, (tmp_path / "begun",)),
        Task("running", parallel_toy.slow_double, (4, tmp_path / "begun")),
        Task("never", parallel_toy.note, (tmp_path / "never", ""), ("running",)),
    ]
    found = []
    said = r"^bad: (no room for it\. Use less\.|the loss became nan)$"
    with pytest.raises(TaskError, match=said):
        found.extend(Here(2).run(tasks))
    assert found == [Done("running", 8)]
    assert not (tmp_path / "never").exists()


def test_mistake_in_the_code_keeps_its_type_and_its_traceback():
    with pytest.raises(TypeError, match="a mistake in the code") as caught:
        list(Here(1).run([Task("bad", parallel_toy.blunder)]))
    notes = "\n".join(caught.value.__notes__)
    assert "in blunder" in notes
    assert "in the task bad" in notes


def test_error_that_cannot_travel_is_told_in_words():
    with pytest.raises(RuntimeError, match="Odd: of a class that no other process knows"):
        list(Here(1).run([Task("bad", parallel_toy.own_error)]))


def test_closing_the_run_kills_what_runs(tmp_path):
    file = tmp_path / "pid"
    run = Here(2).run(
        [
            Task("quick", parallel_toy.double, (1,)),
            Task("long", parallel_toy.sleep_and_note, (file,)),
        ]
    )
    next(run)
    while not file.exists() or not file.read_text():
        time.sleep(0.01)
    run.close()
    assert gone(int(file.read_text()))


def test_workers_die_with_a_killed_driver(tmp_path):
    file = tmp_path / "pid"
    code = (
        "import parallel_toy\n"
        "from pathlib import Path\n"
        "from smallset.parallel import Here, Task\n"
        "if __name__ == '__main__':\n"
        f"    list(Here(1).run([Task('x', parallel_toy.sleep_and_note, (Path({str(file)!r}),))]))\n"
    )
    script = tmp_path / "driver.py"
    script.write_text(code)
    driver = subprocess.Popen([sys.executable, str(script)])
    while not file.exists() or not file.read_text():
        assert driver.poll() is None
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert gone(int(file.read_text()))


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_process_is_an_error(jobs):
    with pytest.raises(ValueError, match=f"jobs={jobs} run nothing. Give at least 1"):
        Here(jobs)
