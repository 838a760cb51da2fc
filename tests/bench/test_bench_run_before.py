"""A run folder that was finished before units were cut by kind is found as finished."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from bench_toy import ask

from smallset.bench import folder as run_folder
from smallset.bench.ground import Ground, Lines
from smallset.bench.kinds import units_of
from smallset.bench.run import plan_bench

# Made by commit b0f8f91: two sets under a share, one under an ipc with soft labels, and one student
# on the full data. Of its files run.json, matrix.toml and results.jsonl are kept.
BEFORE = Path(__file__).parent / "run_before"
# What the sets, scores and teachers of that run were called.
FILES = {
    "scores/observer-toy-8-px-observer-model-resnet8-epochs-1-db747ac17ab7.parquet",
    "sets/toy-8-px-easy-ipc-4-seed-0-717a77775ebf",
    "sets/toy-8-px-random-ipc-1-seed-0-e44f431ec138",
    "sets/toy-8-px-random-ipc-4-seed-0-b727e57a0511",
    "teachers/toy-8-px-own-a8ac40e69664",
}


def test_a_finished_run_has_nothing_to_do(tmp_path):
    request = ask(tmp_path, (BEFORE / "matrix.toml").read_text())
    run = plan_bench(request).run
    old = json.loads((BEFORE / "run.json").read_text())
    shutil.copytree(BEFORE, request.runs)
    # On another machine versions, the bytes of images and those of weights are others.
    others = [(old[part], getattr(run, part)) for part in ("versions", "data", "weights")]
    for name in (run_folder.RUN, run_folder.RESULTS):
        text = (request.runs / name).read_text()
        for before, now in others:
            for key, value in before.items():
                text = text.replace(f'"{value}"', f'"{now[key]}"') if value else text
        (request.runs / name).write_text(text)
    plan = plan_bench(request)
    assert plan.pending == ()
    assert len(plan.lines.results) == 4


def test_its_sets_scores_and_teachers_are_called_as_they_were(tmp_path, monkeypatch):
    ground = plan_bench(ask(tmp_path, (BEFORE / "matrix.toml").read_text())).ground
    old = json.loads((BEFORE / "run.json").read_text())
    versions = {
        name: value
        for name, value in old["versions"].items()
        if name not in ("smallset", "numpy", "python", "records")
    }
    monkeypatch.setattr("smallset.bench.ground.component_versions", lambda: versions)
    toy = ground.data["toy"]
    toy = replace(toy, data=replace(toy.data, fingerprint=old["data"]["toy"]))
    then = Ground(ground.matrix, ground.places, ground.folder, ground.desk, {"toy": toy})
    units, _ = units_of(then, Lines())
    named = {unit.out.relative_to(then.folder) for unit in units.values() if unit.out}
    assert set(map(str, named)) == FILES
