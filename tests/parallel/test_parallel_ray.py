"""The same bytes and results on a Ray cluster of three workers as in one process."""

import builtins
import contextlib
import hashlib
import importlib.util
import os
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import parallel_toy
import pytest
from cli_toy import QUICK, refused, tree
from serial_toy import Serial

from smallset import pipeline
from smallset.bench.run import run_bench
from smallset.observers import shards
from smallset.parallel import Done, Task, TaskError, Workers, graph
from smallset.parallel import ray as room
from smallset.parallel.ray import Ray
from smallset.store import canvases

TOYS = (Path(__file__).parent, Path(__file__).parents[1] / "bench")
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install ray"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Ray]:
    """Three CPUs, so three workers, on this machine; the toys' modules are at hand there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, TOYS)))
        patch.syspath_prepend(str(TOYS[1]))
        # Beside the tests Ray sees a disk or a memory that others have nearly filled.
        patch.setenv("RAY_local_fs_capacity_threshold", "1")
        ray = room._ray()
        ray.init(
            num_cpus=3,
            object_store_memory=100_000_000,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
        yield Ray()
        ray.shutdown()


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@needs_ray
def test_tasks_run_after_their_needs_in_the_drivers_folder_with_their_threads(
    cluster, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "log"
    tasks = [
        Task("last", parallel_toy.note, (log, "last"), ("first", "late")),
        Task("first", parallel_toy.note, (log, "first")),
        Task("late", parallel_toy.double, lambda: (21,)),
        Task("threads", parallel_toy.threads, cpus=2),
        Task("where", parallel_toy.whereabouts),
    ]
    assert isinstance(cluster, Workers)
    done = {d.key: d.value for d in cluster.run(tasks)}
    assert log.read_text().split() == ["first", "last"]
    assert done["late"] == 42
    assert done["threads"] == ("2", 2)
    folder, process = done["where"]
    assert folder == str(tmp_path)
    assert process != os.getpid()


@needs_ray
def test_lost_task_is_tried_again_three_times_and_then_an_error_with_its_name(
    cluster, tmp_path, monkeypatch
):
    tasks = [
        Task("dies", parallel_toy.die, (tmp_path / "tries", 3)),
        Task("after", parallel_toy.double, (1,), ("dies",)),
    ]
    assert {d.key: d.value for d in cluster.run(tasks)} == {"dies": 4, "after": 2}
    monkeypatch.setattr(graph, "TRIES", 1)
    hungry = Task("the hungry one", parallel_toy.die, (tmp_path / "more", 99))
    with pytest.raises(TaskError, match=r"the hungry one: its process died 1 times .*WorkerCrash"):
        list(cluster.run([hungry]))
    assert (tmp_path / "more").read_text().split() == ["tried"]


@needs_ray
def test_error_in_a_task_names_it_and_those_that_run_are_given(cluster, tmp_path):
    tasks = [
        Task("bad", parallel_toy.refuse, (tmp_path / "begun",)),
        Task("running", parallel_toy.slow_double, (4, tmp_path / "begun")),
        Task("never", parallel_toy.note, (tmp_path / "never", ""), ("running",)),
    ]
    found = []
    with pytest.raises(TaskError, match=r"^bad: no room for it\. Use less\.$"):
        found.extend(cluster.run(tasks))
    assert found == [Done("running", 8)]
    assert not (tmp_path / "never").exists()
    with pytest.raises(TypeError, match="a mistake in the code") as caught:
        list(cluster.run([Task("bad", parallel_toy.blunder)]))
    assert "in blunder" in "\n".join(caught.value.__notes__)


@needs_ray
def test_closing_the_run_kills_what_runs(cluster, tmp_path):
    file = tmp_path / "pid"
    tasks = [
        Task("quick", parallel_toy.double, (1,)),
        Task("long", parallel_toy.sleep_and_note, (file,)),
    ]
    run = cluster.run(tasks)
    next(run)
    while not file.exists() or not file.read_text():
        time.sleep(0.01)
    run.close()
    process = int(file.read_text())
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{process}").exists()


@needs_ray
def test_task_that_no_node_has_room_for_is_an_error(cluster):
    said = (
        r"^big: it needs CPU 1, GPU 64, but no node of the Ray cluster has more than CPU 3, GPU 0"
    )
    with pytest.raises(ValueError, match=said):
        list(cluster.run([Task("big", parallel_toy.double, (1,), gpus=64)]))


@needs_ray
def test_node_with_another_version_or_without_the_folder_says_so(cluster, monkeypatch, tmp_path):
    task = Task("x", parallel_toy.double, (1,))
    with monkeypatch.context() as patch:
        patch.setattr(room, "_versions", lambda: {"smallset": "99"})
        with pytest.raises(TaskError, match=r"^x: the node '.*' has smallset .*the driver has 99"):
            list(cluster.run([task]))
    gone = tmp_path / "gone"
    monkeypatch.setattr(room.os, "getcwd", lambda: str(gone))
    with pytest.raises(TaskError, match=r"^x: the node '.*' does not see the driver's folder"):
        list(cluster.run([task]))


@needs_ray
def test_scores_are_equal_bit_for_bit(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 1100)  # two batches of 512 at 8 px
    data = tree(tmp_path / "data", dict.fromkeys(("ape", "bee", "cow", "doe"), 400))
    lengths = []
    monkeypatch.setattr(
        shards, "_gathered", _noting(shards._gathered, lambda found: lengths.append(len(found[1])))
    )
    made = {}
    for name, spread in (("one", None), ("ray", cluster)):
        made[name] = pipeline.score(
            data,
            tmp_path / f"{name}.parquet",
            scores=["el2n(epochs=1, observer=observer(epochs=1))"],
            workers=1,
            work=tmp_path / name,
            spread=spread,
        )
    assert lengths == [2]
    (one,), (other,) = (found.values() for found in made.values())
    assert len(one.values) == 1600
    np.testing.assert_array_equal(one.values, other.values)
    assert one.made_by == other.made_by
    assert not list(tmp_path.rglob("shards.pt"))


def _noting(function, note):
    def noted(*arguments):
        note(arguments)
        return function(*arguments)

    return noted


@needs_ray
def test_files_of_a_set_are_equal(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(canvases, "ROWS", 4)
    data = tree(tmp_path / "data")
    for name, spread in (("one", None), ("ray", cluster)):
        pipeline.compress(
            data,
            tmp_path / name,
            method="random",
            ipc=5,
            codec="jpeg:80",
            workers=1,
            work=tmp_path / "work",
            spread=spread,
        )
    assert len(files(tmp_path / "one")) == 18
    assert files(tmp_path / "one") == files(tmp_path / "ray")


class Killing:
    """Workers of which one is killed in the middle of the first task of a kind."""

    def __init__(self, workers: Workers, kind: str, pid: Path) -> None:
        self.workers, self.kind, self.pid = workers, kind, pid

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        first = next(task.key for task in tasks if task.key.startswith(self.kind))
        return self.workers.run(
            [
                replace(
                    task,
                    function=parallel_toy.die_at_work,
                    arguments=(self.pid, task.function, *task.arguments),
                )
                if task.key == first
                else task
                for task in tasks
            ]
        )


@needs_ray
def test_bench_results_are_equal_though_a_worker_is_killed_in_the_middle(cluster, tmp_path):
    bench_toy = importlib.import_module("bench_toy")
    pid = tmp_path / "pid"
    with contextlib.chdir(tmp_path):
        matrix = bench_toy.MATRIX.replace("replicates = 2", "replicates = 1")
        request = bench_toy.ask(tmp_path, matrix)
        run_bench(request, workers=Serial())
        again = bench_toy.ask(tmp_path, matrix, runs="again")
        run_bench(again, workers=Killing(cluster, "observer", pid))
    assert not Path(f"/proc/{pid.read_text()}").exists()
    assert len(bench_toy.lines(again.runs)) == 4
    assert bench_toy.lines(again.runs) == bench_toy.lines(request.runs)
    assert files(again.runs / "sets") == files(request.runs / "sets")


@needs_ray
def test_error_of_ray_itself_names_the_task_and_what_nodes_need(cluster, monkeypatch):
    monkeypatch.setattr(room, "_work", parallel_toy.die_at_work)  # of other arguments
    said = r"^x: Ray could not run it \(AttributeError: .*\)\. Every node needs the packages"
    with pytest.raises(TaskError, match=said):
        list(cluster.run([Task("x", parallel_toy.double, (1,))]))


def test_cluster_that_cannot_be_used_is_an_error_with_its_address(monkeypatch):
    def init(**options: object) -> None:
        raise ConnectionError("other words\nanother version of Ray")

    unwilling = ModuleType("ray")
    monkeypatch.setattr(unwilling, "init", init, raising=False)
    monkeypatch.setenv("RAY_ADDRESS", "local")
    said = r"no Ray cluster could be used at 'local' \(another version of Ray\)\. Give the"
    with pytest.raises(ValueError, match=said):
        room._connect(unwilling, "auto")


def test_without_ray_the_error_says_how_to_install_it(shell, data, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name == "ray":
            raise ImportError("No module named 'ray'")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    said = ("Ray is not installed", "pip install 'smallset[ray]'", "leave --ray out")
    refused(shell.compress(data, "out", "--ray", "auto"), *said)
    refused(shell("score", data, "s.parquet", "--ray", "auto"), *said)
    refused(shell("bench", "demo", "runs", "--ray", "auto"), *said)
    assert not (shell.root / "out").exists()
    assert not (shell.root / "runs").exists()


def test_options_that_do_not_go_with_ray_are_refused(shell, data, monkeypatch):
    both = ("--cache none and --ray were both given", "Leave out one of them")
    refused(shell.compress(data, "out", "--ray", "auto", "--cache", "none"), *both)
    refused(
        shell("score", data, "s.parquet", "--ray", "auto", "--device", "cuda:1"),
        "--device cuda:1 names one GPU of this machine",
        "Give --device cuda",
    )
    refused(shell("bench", "demo", "runs", "--ray", "auto", "--workers", 2), "--workers 2 is about")
    refused(shell("bench", "demo", "runs", "--ray", "auto", "--dry-run"), "--dry-run is about")
    monkeypatch.setattr("smallset.train.processes.launched", lambda: 2)
    refused(
        shell("score", data, "s.parquet", "--ray", "auto"),
        "torchrun started 2 processes, but --ray hands the work to a cluster",
        "Leave one of them out",
    )


@needs_ray
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "the Ray address 'nonsense' is not HOST:PORT"),
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1'"),
    ],
)
def test_address_where_no_cluster_is_is_an_error_at_once(address, said):
    ray = room._ray()
    with pytest.raises(ValueError, match=said) as caught:
        room._connect(ray, address)
    assert "ray start --head" in str(caught.value)


@needs_ray
def test_commands_give_the_same_set_on_ray(cluster, shell, data):
    for name, options in (("one", ()), ("ray", ("--ray", "auto"))):
        out = shell.outs / name
        ran = shell.compress(data, out, "--method", QUICK, "--workers", 1, *options)
        assert ran.code == 0, ran
    assert files(shell.outs / "one") == files(shell.outs / "ray")
    score = "el2n(epochs=1, observer=observer(epochs=1, seed=3))"
    ran = shell("score", data, "s.parquet", "--scores", score, "--workers", 1, "--ray", "auto")
    assert ran.code == 0, ran
