"""Stored labels in a matrix: made once for each set, by the teacher of the run."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from bench_toy import MATRIX, SOFT, ask
from serial_toy import Serial

from smallset.bench.forecast import forecast
from smallset.bench.kinds.labels import LabelsUnit
from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.records import Result

LABELS = '["hard", "stored(own)", "stored(own, prune=0.9)", "one-per-image(own, int8)"]'
STORED = (
    MATRIX[: MATRIX.index("main")]
    + '[methods]\nrandom = "random"\n'
    + SOFT.replace('["hard", "online(own)"]', LABELS).replace(
        "finetune-v1(epochs=2)", "finetune-v1"
    )
)


def test_the_labels_of_each_set_are_stored_once_and_used(tmp_path):
    request = ask(tmp_path, STORED.replace("replicates = 1", "replicates = 2"))
    plan = plan_bench(request)
    kinds = Counter(unit.kind for unit in plan.pending)
    assert (kinds["set"], kinds["labels"], kinds["cell"], kinds["teacher"]) == (2, 6, 8, 1)
    units = [unit for unit in plan.pending if isinstance(unit, LabelsUnit)]
    assert {unit.views for unit in units} == {3 * 30, 3 * 3, 3}
    assert forecast(plan).run_bytes > sum(unit.run_bytes(plan.lines) for unit in units) > 0
    run_bench(request, workers=Serial())
    assert plan_bench(request).pending == ()
    found = read_lines(request.runs / "results.jsonl", Result)
    own = '"train(model=resnet8, epochs=30)"'
    costs = {r.labels: r.cost.labels for r in found}
    whole = f"stored(teacher={own}, format=float16, prune=0.0, view_seed=0)"
    tenth = f"stored(teacher={own}, format=float16, prune=0.9, view_seed=0)"
    each = f"one-per-image(teacher={own}, format=int8)"
    assert {*costs} == {"hard", whole, tenth, each}
    assert costs[whole] - costs[tenth] == 3 * 27 * 6 + 1  # and a digit in the card
    assert all(r.cost.teacher == 0 for r in found)
    assert {r.teacher_top1 is None for r in found if r.labels != "hard"} == {False}
    for folder in (request.runs / "sets").glob("*.labels"):
        assert len([*folder.iterdir()]) == 3


def test_a_cell_whose_labels_are_whole_needs_no_teacher(tmp_path):
    request = ask(tmp_path, STORED)
    run_bench(request, workers=Serial())
    lines = (request.runs / "results.jsonl").read_text().splitlines()
    (request.runs / "results.jsonl").write_text(lines[0] + "\n")
    assert {unit.kind for unit in plan_bench(request).pending} == {"cell", "pixels"}
    [shard, *_] = (request.runs / "sets").glob("*.labels/float16-30-*/00000.rows")
    shard.write_bytes(shard.read_bytes()[:-1])
    assert Counter(unit.kind for unit in plan_bench(request).pending)["labels"] == 1
    run_bench(request, workers=Serial())
    again = (request.runs / "results.jsonl").read_text().splitlines()
    assert {json.loads(line)["fingerprint"] for line in again} == {
        json.loads(line)["fingerprint"] for line in lines
    }


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("stored(own, format=top(k=4))", "top's k=4 is more than the 3 classes. Give k=3 or less."),
        ("stored(own, format=float8)", "there is no format 'float8'"),
        ("stored(owl)", "there is no teacher 'owl' under [teachers]"),
    ],
)
def test_impossible_labels_are_refused_before_the_run(tmp_path, labels, said):
    request = ask(tmp_path, STORED.replace(LABELS, f'["{labels}"]'))
    with pytest.raises(ValueError, match=re.escape(said)):
        run_bench(request, workers=Serial())
    assert not Path(request.runs / "results.jsonl").exists()
