"""Running a matrix: what is shared, resumed, compared and refused."""

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bench_toy import MATRIX, SOFT, ask, coloured, lines, with_tables
from serial_toy import Serial

from smallset.bench import run as bench_run
from smallset.bench.folder import driving
from smallset.bench.kinds.cell import CellUnit
from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import append_line, read_lines
from smallset.files import write_whole
from smallset.observers.observed import RECORDS_VERSION
from smallset.parallel import TaskError, Workers
from smallset.records import Result
from smallset.store import open_set


def kinds(units) -> list[str]:
    return sorted(unit.kind for unit in units)


def test_one_observer_feeds_two_methods_and_each_cell_has_one_line(finished):
    root, units = finished
    assert isinstance(Serial(), Workers)
    made = [done.unit for done in units]
    assert kinds(made) == ["cell"] * 6 + ["full", "observer", "pixels", "pixels"] + ["set"] * 6
    results = read_lines(root / "runs" / "results.jsonl", Result)
    assert len(results) == 7
    assert {r.dataset for r in results} == {"toy"}
    seeds = {
        (r.spec.partition("(")[0], r.set_seed, r.observer_seed, r.student_seed) for r in results
    }
    assert seeds == {
        ("full", 0, None, 0),
        *(("prune", r, None, r) for r in range(2)),
        *(("prune", r, 0, r) for r in range(2)),
    }


def test_main_rows_come_first(finished):
    _, units = finished
    labels = [done.unit.asker.label for done in units if done.unit.kind == "cell"]
    assert set(labels[:4]) == {"random", "PCA"}
    assert labels[4:] == ["easy", "easy"]


def test_student_on_all_images_says_how_it_was_trained(finished):
    root, _ = finished
    [full] = [r for r in read_lines(root / "runs" / "results.jsonl", Result) if r.spec == "full"]
    assert (full.method, full.ipc, full.images, full.labels) == ("full", None, 24, "hard")
    assert full.protocol == "standard-v1(epochs=2)"
    assert full.steps == 2
    assert full.cost.images == full.source_bytes
    assert len(full.per_class) == 3


def test_finished_run_has_nothing_to_do_and_changes_nothing(root):
    before = (root / "runs" / "results.jsonl").read_bytes()
    assert plan_bench(ask(root)).pending == ()
    units = []
    run_bench(ask(root), workers=Serial(), told=units.append)
    assert units == []
    assert (root / "runs" / "results.jsonl").read_bytes() == before


def test_lost_lines_and_sets_are_made_again_and_no_others(root, finished):
    results = root / "runs" / "results.jsonl"
    whole = results.read_text().splitlines(keepends=True)
    results.write_text("".join(whole[:-2]))
    lost = sorted((root / "runs" / "sets").iterdir())[0]
    shutil.rmtree(lost)
    units = []
    run_bench(ask(root), workers=Serial(), told=units.append)
    assert sum(done.result is not None for done in units) == 2
    assert lines(root / "runs") == lines(finished[0] / "runs")


def test_torn_last_line_is_dropped_with_a_word(root, finished):
    results = root / "runs" / "results.jsonl"
    results.write_bytes(results.read_bytes()[:-40])
    said = []
    run_bench(ask(root), workers=Serial(), planned=said.append)
    assert [plan.torn for plan in said] == [True]
    assert lines(root / "runs") == lines(finished[0] / "runs")


def test_torn_line_is_taken_out_by_a_plan_too(root):
    results = root / "runs" / "results.jsonl"
    results.write_bytes(results.read_bytes()[:-1])
    assert plan_bench(ask(root)).torn
    assert len(read_lines(results, Result)) == 6


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda text: re.sub(r"\n(.{50}).*", r"\n\1", text, count=1),
         r"line 2 is not a whole result"),
        (lambda text: text + re.sub(r'"student": "[^"]*"', '"student": "resnet20"', first(text)),
         r"line 8 belongs to no cell of the matrix \(.*resnet20, set seed \d\)\. Only `sma"),
        (lambda text: text + first(text),
         r"line 8 belongs to a cell that already has a line\. Rem"),
        (lambda text: re.sub(r'"numpy": "[^"]*"', '"numpy": "0.9"', text, count=1),
         r"line 1 was made by numpy 0\.9, but the run by"),
        (lambda text: text.replace(f', "records": "{RECORDS_VERSION}"', ""),
         rf"was made by records unknown, but the run by {RECORDS_VERSION}\. Remove the line"),
    ],
    ids=["cut short", "of no cell", "twice", "of another version", "of unknown records"],
)  # fmt: skip
def test_a_line_that_this_run_did_not_write_is_an_error(root, changed, said):
    results = root / "runs" / "results.jsonl"
    results.write_text(changed(results.read_text()))
    with pytest.raises(ValueError, match=said):
        run_bench(ask(root), workers=Serial())


def first(text: str) -> str:
    """Return the first line."""
    return text[: text.index("\n") + 1]


@pytest.mark.parametrize("name", ["torch", "records"])
def test_run_of_another_version_is_an_error(root, name):
    file = root / "runs" / "run.json"
    file.write_text(re.sub(rf'"{name}": "[^"]*"', f'"{name}": "1.0"', file.read_text()))
    said = rf"was begun with versions {name} = '1\.0', but now it is .*Use those versions again"
    with pytest.raises(ValueError, match=said):
        run_bench(ask(root), workers=Serial())


def test_other_precision_is_an_error_that_names_the_old_one(root):
    request = bench_run.replace(ask(root), precision="bfloat16")
    said = r"begun with precision = 'float32', but now it is 'bfloat16'.*Give --precision float32"
    with pytest.raises(ValueError, match=said):
        run_bench(request, workers=Serial())


def test_changed_data_under_an_old_run_is_an_error(root):
    shutil.rmtree(root / "data")
    coloured(root / "data" / "toy", images=9)
    said = r"was begun with data toy = '\w+', but now it is '\w+'.*Restore the data, or give a new"
    with pytest.raises(ValueError, match=said):
        run_bench(ask(root), workers=Serial())


def test_matrix_that_lost_a_cell_is_an_error_that_names_it(root):
    smaller = MATRIX.replace("replicates = 2", "replicates = 1")
    said = (
        r"begun with another matrix: this one lacks 'toy 8 px, random, .*replicate 1' and 2 more\. "
        r"A matrix may grow, but must lose nothing: put back what '.*matrix\.toml' has"
    )
    with pytest.raises(ValueError, match=said):
        run_bench(ask(root, smaller), workers=Serial())


def test_matrix_may_grow_and_keeps_what_is_done(root):
    grown = MATRIX.replace("replicates = 2", "replicates = 3").replace('"Toy"', '"Toy, grown"')
    before = lines(root / "runs")
    units = []
    run_bench(ask(root, grown), workers=Serial(), told=units.append)
    assert sum(done.result is not None for done in units) == 3
    assert set(before) < set(lines(root / "runs"))
    assert (root / "runs" / "matrix.toml").read_text() == grown


def test_matrix_may_not_lose_rows_of_data_that_is_not_here(root):
    second = SOFT.replace('labels = ["hard", "online(own)"]\n', "")
    two = with_tables(MATRIX, second.replace('"soft"\ndata = "toy"', '"far"\ndata = "far"'))
    shutil.copytree(root / "data" / "toy", root / "data" / "far")
    run_bench(ask(root, two), workers=Serial())
    shutil.rmtree(root / "data" / "far")
    assert plan_bench(ask(root, two, only="toy")).pending == ()
    grown = two.replace("replicates = 2", "replicates = 3", 1)
    assert len(plan_bench(ask(root, grown, only="toy")).pending) > 0
    first, _, last = two.rpartition("ipc = [1]")
    with pytest.raises(ValueError, match="lacks 'far, which must stay as it was while its data"):
        run_bench(ask(root, f"{first}ipc = [2]{last}", only="toy"), workers=Serial())


def test_run_killed_before_its_first_unit_goes_on(tmp_path, monkeypatch):
    names = []

    def killed(path, content):
        if names:
            raise KeyboardInterrupt
        names.append(path.name)
        write_whole(path, content)

    with monkeypatch.context() as patched:
        patched.setattr("smallset.bench.folder.write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            run_bench(ask(tmp_path), workers=Serial())
    assert len(plan_bench(ask(tmp_path)).pending) == 16


def test_work_folder_that_is_gone_costs_one_observer_run_and_not_one_a_set(root, finished):
    (root / "runs" / "results.jsonl").unlink()
    shutil.rmtree(root / "runs" / "sets")
    assert "observer" not in kinds(plan_bench(ask(root)).pending)
    [table] = (root / "runs" / "scores").iterdir()
    table.write_bytes(b"")  # as a power cut may leave it
    assert "observer" in kinds(plan_bench(ask(root)).pending)
    shutil.rmtree(root / "work")
    assert kinds(plan_bench(ask(root)).pending).count("observer") == 1
    run_bench(ask(root), workers=Serial())
    assert lines(root / "runs") == lines(finished[0] / "runs")
    assert plan_bench(ask(root)).pending == ()


def test_another_teacher_in_a_teachers_place_is_an_error_that_names_it(root):
    matrix = with_tables(MATRIX, SOFT)
    run_bench(ask(root, matrix), workers=Serial())
    [teacher] = (root / "runs" / "teachers").iterdir()
    card = json.loads((teacher / "teacher.json").read_text())
    (teacher / "teacher.json").write_text(json.dumps(card | {"epochs": 3}))
    results = root / "runs" / "results.jsonl"
    results.write_text("".join(x for x in results.open() if '"labels": "hard"' in x))
    said = r"holds another teacher than the matrix's: its epochs is 3, needed 30\. Remove that fol"
    with pytest.raises(ValueError, match=said):
        run_bench(ask(root, matrix), workers=Serial())


def test_set_of_the_run_whose_image_was_edited_is_an_error(root):
    (root / "runs" / "results.jsonl").unlink()
    image = sorted((root / "runs" / "sets").rglob("*.png"))[0]
    image.write_bytes(image.read_bytes() + b"x")
    with pytest.raises(ValueError, match=r"was changed after it was written\. Restore it, or make"):
        run_bench(ask(root), workers=Serial())


def test_label_may_be_longer_than_the_name_of_a_file(tmp_path):
    long = MATRIX.replace("easy", "easy-" * 60).replace("replicates = 2", "replicates = 1")
    plan = plan_bench(ask(tmp_path, long))
    assert max(len(unit.out.name) for unit in plan.units.values() if unit.out) < 200


def test_second_driver_is_an_error_and_a_plan_is_not(root):
    with driving(root / "runs"):
        said = rf"is being worked on by process {os.getpid()} on .*A run folder takes one driver"
        with pytest.raises(ValueError, match=said):
            run_bench(ask(root), workers=Serial())
        assert plan_bench(ask(root)).pending == ()


def test_folder_of_something_else_is_left_alone(root):
    other = root / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years")
    with pytest.raises(
        ValueError, match=r"is not a run folder: it holds 'thesis\.txt' but no run\.js"
    ):
        run_bench(ask(root, runs="other"), workers=Serial())
    assert [entry.name for entry in other.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("file", "'.*file' is a file; needed a folder for the run"),
        ("file/below", "the run folder '.*below' cannot be made .* Give another"),
    ],
)
def test_a_file_in_the_way_of_the_folder_is_an_error(tmp_path, runs, said):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match=said):
        run_bench(ask(tmp_path, runs=runs), workers=Serial())


def test_another_set_in_a_sets_place_is_an_error_that_names_it(root):
    results = root / "runs" / "results.jsonl"
    results.unlink()
    sets = sorted((root / "runs" / "sets").glob("toy-8-px-random-*"))
    shutil.rmtree(sets[1])
    shutil.copytree(sets[0], sets[1])
    assert open_set(sets[1]).manifest.seeds.set == 0
    said = r"holds another set than the matrix's: its set_seed is 0, needed 1\. Remove that folder"
    with pytest.raises(ValueError, match=said):
        run_bench(ask(root), workers=Serial())


def test_what_killed_workers_left_is_swept_away(root):
    left = root / "runs" / "sets" / ".toy.partial-0a"
    left.mkdir()
    (left / "half.png").write_text("x")
    (root / "runs" / "scores" / ".toy.parquet.partial-17").write_text("x")
    run_bench(ask(root), workers=Serial())
    assert not [p for p in (root / "runs").rglob(".*")]


def test_only_runs_the_tables_it_names_and_the_rest_later(tmp_path):
    matrix = with_tables(MATRIX, SOFT)
    units = []
    plan = run_bench(ask(tmp_path, matrix, only="soft"), workers=Serial(), told=units.append)
    assert kinds(d.unit for d in units) == ["cell", "cell", "pixels", "pixels", "set", "teacher"]
    assert len(plan.ground.cells) == 9
    [soft] = [
        r for r in read_lines(tmp_path / "runs" / "results.jsonl", Result) if r.regime == "online"
    ]
    assert soft.teacher == "train(model=resnet8, epochs=30)"
    assert soft.cost.teacher > 0
    # The hard cell of `soft` is one of `toy` too, so it is not run again.
    assert kinds(plan_bench(ask(tmp_path, matrix)).pending).count("cell") == 5


def test_only_that_names_no_table_is_an_error(tmp_path):
    with pytest.raises(
        ValueError, match=r"--only 'tyo' is not in any table's title\. Did you mean 'toy'"
    ):
        run_bench(ask(tmp_path, only="tyo"), workers=Serial())
    assert not (tmp_path / "runs").exists()


def test_error_in_a_unit_is_told_with_its_name(root):
    (root / "runs" / "results.jsonl").unlink()
    for folder in (root / "runs" / "sets").iterdir():
        (folder / "stranger").write_text("x")
    said = r"toy 8 px, .*, ipc 1, resnet8.*, hard, finetune-v1\(epochs=2\), rep.*: .* has the addi"
    with pytest.raises(TaskError, match=said):
        run_bench(ask(root), jobs=1)


def test_results_of_another_run_are_taken_over_where_they_are_of_its_cells(root):
    fresh = MATRIX.replace("resnet8(weights=w.pt)", "resnet8").replace(
        "finetune-v1(epochs=2)", "small-v1"
    )
    small = {"finetune-v1(epochs=2)": "small-v1"}
    made = [
        replace(r, student="resnet8", protocol=small.get(r.protocol, r.protocol))
        for r in read_lines(root / "runs" / "results.jsonl", Result)
    ]
    strange = [replace(made[0], set_seed=9), replace(made[1], labels="online(teacher=resnet20)"),
               replace(made[2], versions=made[2].versions | {"torch": "1"})]  # fmt: skip
    looked = next(r for r in made[3:] if r.observer_seed is not None)
    assert looked.versions["records"] == RECORDS_VERSION
    untold = {k: v for k, v in looked.versions.items() if k != "records"}
    for versions in (untold, untold | {"records": "observer-1"}):
        strange.append(replace(looked, versions=versions))
    known = root / "known.jsonl"
    for result in [*strange, *made[3:], made[3]]:
        append_line(known, result)
    request = replace(ask(root, fresh, runs="other"), known=(known,))
    assert list(plan_bench(request).taken) == made[3:]
    assert plan_bench(request).passed == {"torch 1": 1}  # of the others there is a line
    assert kinds(u for u in plan_bench(request).pending if u.kind == "cell") == ["cell"] * 3
    assert not (root / "other").exists()
    for result in made[:3]:
        append_line(known, result)
    assert run_bench(request, workers=Serial()).pending == ()
    taken = read_lines(root / "other" / "results.jsonl", Result)
    assert sorted(taken, key=repr) == sorted(made, key=repr)
    assert run_bench(request, workers=Serial()).taken == ()


def test_known_results_with_weights_are_not_taken_and_a_missing_file_is_named(root):
    other = replace(ask(root, runs="other"), known=(root / "runs" / "results.jsonl",))
    assert plan_bench(other).taken == ()
    with pytest.raises(FileNotFoundError, match=r"there are no results 'no\.jsonl'\. Give --known"):
        plan_bench(replace(other, known=(Path("no.jsonl"),)))


def test_sets_are_called_by_a_spec_that_people_can_read(finished):
    root, _ = finished
    (made,) = [
        manifest
        for manifest in (open_set(p).manifest for p in (root / "runs/sets").iterdir())
        if manifest.view.startswith("patch") and manifest.seeds.set == 0
    ]
    score = "el2n(epochs=1, observer=observer(epochs=1))"
    assert made.method == f"prune(score={score}, mosaic=grid(factor=2), view=patch)"


def test_a_result_of_another_cell_is_never_written(root, monkeypatch):
    def another(unit, bench):
        return replace(read_lines(root / "runs" / "results.jsonl", Result)[0], set_seed=77)

    plan = plan_bench(ask(root, runs="fresh"))
    cell = next(unit for unit in plan.pending if unit.kind == "cell")
    monkeypatch.setattr(CellUnit, "make", another)
    monkeypatch.setattr(bench_run, "_plan", lambda _: replace(plan, pending=(cell,)))
    with pytest.raises(ValueError, match=r"The data changed during the run\. Restore the data"):
        run_bench(ask(root, runs="fresh"), workers=Serial())
    assert read_lines(root / "fresh" / "results.jsonl", Result) == []
