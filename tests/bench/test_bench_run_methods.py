"""A method and a budget from outside the package, from `list` to the report."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bench_toy import ask, coloured, only
from own_method import InAll, Wave
from serial_toy import Serial

from smallset.bench.run import plan_bench, run_bench
from smallset.budget import BUDGETS
from smallset.evidence.lines import read_lines
from smallset.methods import METHODS
from smallset.observers import observed
from smallset.records import Result
from smallset.report.page import page
from smallset.report.page.sheets import sheets_of
from smallset.report.tables import read_runs, report_of


@pytest.fixture(autouse=True)
def from_outside(monkeypatch) -> None:
    monkeypatch.setitem(METHODS, "wave", Wave)
    monkeypatch.setitem(BUDGETS, "total", InAll)


def test_a_method_is_listed_and_makes_a_set_under_a_budget(shell):
    coloured(Path("data"))
    assert "Plain colours, from no source image (a method of a test)." in shell("list").out
    ran = shell("compress", "data", "set", "--method", "wave", "--budget", "total=7", "--work", "w")
    assert ran.code == 0, ran
    assert shell("verify", "set").code == 0
    assert shell("show", "set").code == 0
    assert shell.evaluate("set", "data", "--seeds", 1).code == 0
    assert shell("export", "set", "out", "--to", "hub").code == 0


def test_a_method_and_a_budget_run_in_a_matrix_and_stand_in_its_report(shell):
    matrix = only("random", waves="wave")
    request = ask(shell.root, matrix.replace("ipc = [1]", 'budget = ["total=6"]'))
    run_bench(request, workers=Serial())
    assert plan_bench(request).pending == ()
    found = read_lines(request.runs / "results.jsonl", Result)
    assert {r.budget for r in found} == {"total=6"}
    assert {r.method for r in found} == {"prune(select=random)", "wave"}
    assert shell("report", request.runs).code == 0
    tables = (request.runs / "report" / "tables.md").read_text()
    assert "6 in all" in tables
    assert "| waves |" in tables


def test_an_observer_from_a_file_of_the_data_folder_keeps_its_name_on_every_machine(tmp_path):
    ready = "resnet8(weights={data}/ready.pt, classes=same)"
    dream = f"sre2l(iterations=1, observer={ready})"
    matrix = only("random", easy=f"el2n(observer={ready})", dream=dream)
    request = ask(tmp_path, matrix)
    shutil.copy(tmp_path / "w.pt", tmp_path / "data" / "ready.pt")
    run_bench(request, workers=Serial())
    assert plan_bench(request).pending == ()
    lines = (request.runs / "results.jsonl").read_text()
    assert lines.count("{data}/ready.pt") == 2 * len(("method", "spec")) * 2
    assert str(tmp_path) not in lines

    # In the page, the synthesised set alone shows how its images came about.
    report = report_of(read_runs(request.runs))
    drawn = page(replace(report, sheets=sheets_of(request.runs / "sets")))
    (name,) = re.findall('"Enlarge (.*) by iteration"', drawn)
    assert name.startswith("synthesise(synthesis=sre2l(")


def test_every_observer_of_a_pool_is_a_unit_and_trained_once(tmp_path, monkeypatch):
    pool = "(observer(model=resnet8, epochs=1), observer(model=convnet-d3, epochs=1))"
    request = ask(tmp_path, only("easy", dream=f"edc(iterations=1, pool={pool})"))
    plan = plan_bench(request)
    kinds = [unit.kind for unit in plan.pending]
    assert kinds.count("observer") == 2  # "easy" looks through the first of the pool
    [dream, _] = [unit for unit in plan.pending if unit.kind == "set" and "dream" in unit.key]
    assert [need.observer.model for need in dream.needs] == ["resnet8", "convnet-d3"]

    trained, train = [], observed._train
    monkeypatch.setattr(observed, "_train", lambda *given: trained.append(given) or train(*given))
    run_bench(request, workers=Serial())
    assert plan_bench(request).pending == ()
    assert [given[1].model for given in trained] == ["resnet8", "convnet-d3"]
