"""Killed anywhere, run again: the result lines are those of a run that nobody disturbed."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from bench_toy import MATRIX, ask, lines
from serial_toy import Serial

from smallset.bench.folder import driving
from smallset.bench.run import run_bench

PACKAGE = Path(__file__).parents[2]
KILLS = 20
LARGER = MATRIX.replace("replicates = 2", "replicates = 5").replace(
    "observers = 1", "observers = 3"
)


def start(root: Path, *, jobs: int = 2) -> subprocess.Popen[str]:
    """Start a driver, in a process group of its own."""
    machine = ["--precision", "float32", "--device", "cpu", "--workers", str(jobs)]
    options = ["--data", "data", "--work", "work", *machine]
    return subprocess.Popen(
        [sys.executable, "-m", "smallset", "bench", "matrix.toml", "runs", *options],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(PACKAGE), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def workers(driver: int) -> list[psutil.Process]:
    try:
        found = psutil.Process(driver).children()
        return [p for p in found if any("spawn_main" in word for word in p.cmdline())]
    except psutil.NoSuchProcess:
        return []


def wait_for(happened: Callable[[], bool], driver: subprocess.Popen[str]) -> None:
    while not happened():
        assert driver.poll() is None, driver.communicate()[0]
        time.sleep(0.02)


def kill_all(driver: subprocess.Popen[str]) -> str:
    """Kill driver and workers at once, as a power cut does, and give what was said."""
    os.killpg(driver.pid, signal.SIGKILL)
    return driver.communicate()[0]


def count(root: Path) -> int:
    file = root / "runs" / "results.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def test_lock_of_a_killed_driver_is_free_although_a_process_that_it_started_lives(tmp_path):
    code = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "from smallset.bench.folder import driving\n"
        "with driving(Path('.')):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    print(child.pid, flush=True); time.sleep(60)\n"
    )
    environ = os.environ | {"PYTHONPATH": str(PACKAGE)}
    with subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        child = psutil.Process(int(one.stdout.readline()))
        with pytest.raises(ValueError, match=rf"by process {one.pid} on \S+\. A run folder takes"):
            driving(tmp_path).__enter__()
        one.kill()
        one.wait()
        assert child.is_running()
        with driving(tmp_path):
            child.kill()


def test_killed_driver_and_killed_worker_change_no_result(finished, tmp_path):
    request = ask(tmp_path)
    driver = start(tmp_path, jobs=1)
    wait_for(lambda: count(tmp_path) >= 1, driver)
    kill_all(driver)
    done, killed = count(tmp_path), []

    def kill_one(_: object) -> None:
        if not killed:
            killed.extend(workers(os.getpid()))
            killed[0].kill()

    plans = []
    run_bench(request, jobs=1, planned=plans.append, told=kill_one)
    assert len(plans[0].lines.results) == done
    assert len(killed) == 1
    assert lines(tmp_path / "runs") == lines(finished[0] / "runs")


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_worker(tmp_path):
    ask(tmp_path)
    driver = start(tmp_path)
    wait_for(lambda: count(tmp_path) >= 1, driver)
    before = workers(driver.pid)
    os.killpg(driver.pid, signal.SIGINT)
    said, _ = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert said.splitlines()[-1].startswith("Error: stopped. Finished work is kept")
    assert "Traceback" not in said
    assert before
    assert not [p for p in before if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert count(tmp_path) >= 1


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_no_result(tmp_path):
    reference, root = tmp_path / "reference", tmp_path / "killed"
    for folder in (reference, root):
        folder.mkdir()
    ask(root, LARGER)
    with contextlib.chdir(reference):
        run_bench(ask(reference, LARGER), workers=Serial())
    wanted, rng, kills = lines(reference / "runs"), random.Random(0), 0
    driver = start(root)
    while kills < KILLS or driver.poll() is None:
        if driver.poll() is not None:
            said, _ = driver.communicate()
            assert driver.returncode == 0, said
            assert lines(root / "runs") == wanted
            shutil.rmtree(root / "runs")
            driver = start(root)
        if kills >= KILLS:
            driver.communicate()
            break
        # Half of the time in the seconds of the work itself, else while the driver starts.
        if rng.random() < 0.7:
            while not workers(driver.pid) and driver.poll() is None:
                time.sleep(0.01)
        time.sleep(rng.uniform(0, 4))
        if driver.poll() is not None:
            continue
        here = workers(driver.pid)
        if here and rng.random() < 0.3:
            rng.choice(here).kill()
        else:
            kill_all(driver)
            driver = start(root)
        kills += 1
    assert driver.returncode == 0
    assert lines(root / "runs") == wanted
