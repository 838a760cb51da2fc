"""A matrix under a budget in bytes: the number of images is known only when the set is made."""

import pytest
from bench_toy import ask, only
from serial_toy import Serial

from smallset.bench.forecast import forecast
from smallset.bench.matrix import parse_matrix
from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.records import Result
from smallset.report.coverage import planned
from smallset.report.sections import sections
from smallset.store import open_set

BYTES = (
    only("random", four="random(factor=2)")
    .replace("ipc = [1]", 'budget = ["bytes=1.2kB", "bytes=2000"]')
    .replace("replicates = 2", "replicates = 1")
)


def test_sets_of_equal_bytes_stand_in_one_table(tmp_path):
    matrix = parse_matrix(BYTES, "bytes")
    plan = plan_bench(ask(tmp_path, BYTES))
    assert {cell.size_of_set for cell in plan.ground.cells} == {"1.2kB", "2kB"}
    assert forecast(plan).run_bytes == 2 * (1200 + 2000)
    run_bench(ask(tmp_path, BYTES), workers=Serial())
    results = read_lines(tmp_path / "runs" / "results.jsonl", Result)
    assert plan_bench(ask(tmp_path, BYTES)).pending == ()
    for result in results:
        assert result.cost.images <= {"bytes=1.2kB": 1200, "bytes=2kB": 2000}[result.budget]
    tables = sections(results, {}, planned(matrix))
    assert [table.title for table in tables] == [
        "toy, 1.2kB, hard labels",
        "toy, 2kB, hard labels",
    ]
    for table in tables:
        assert len(table.rows) == 2
        assert table.wanted == 2
        assert not table.missing
    sets = [open_set(folder) for folder in (tmp_path / "runs" / "sets").iterdir()]
    assert {made.manifest.budget for made in sets} == {"bytes=1.2kB", "bytes=2kB"}


def test_a_method_that_names_its_codec_stands_beside_the_others(tmp_path):
    text = BYTES.replace("random(factor=2)", "pack(select=random, mosaic=sheet(side=fit))")
    run_bench(ask(tmp_path, text), workers=Serial())
    results = read_lines(tmp_path / "runs" / "results.jsonl", Result)
    assert {result.codec for result in results} == {"png", "webp:50"}
    assert plan_bench(ask(tmp_path, text)).pending == ()
    tables = sections(results, {}, planned(parse_matrix(text, "bytes")))
    assert [(len(table.rows), table.missing) for table in tables] == [(2, 0), (2, 0)]
    for table in tables:
        random, packed = table.rows
        assert packed.minus_random is not None
        assert packed.results[0].images > random.results[0].images


def test_a_protocol_that_goes_by_the_number_of_images_is_refused():
    text = BYTES.replace('protocols = ["finetune-v1(epochs=2)"]\n', "")
    with pytest.raises(ValueError, match=r"with bytes=1\.2kB this number is known only after"):
        parse_matrix(text, "bytes")


def test_sets_of_different_sizes_are_compared_at_equal_steps(tmp_path):
    text = BYTES.replace("finetune-v1(epochs=2)", "small-v1(steps=6)")
    run_bench(ask(tmp_path, text), workers=Serial())
    results = read_lines(tmp_path / "runs" / "results.jsonl", Result)
    assert len(results) == 4
    assert {(result.protocol, result.steps) for result in results} == {("small-v1(steps=6)", 6)}
    assert len({result.images for result in results}) > 1
    assert plan_bench(ask(tmp_path, text)).pending == ()


@pytest.mark.parametrize("labels", ["stored(own)", "one-per-image(own)"])
def test_a_budget_in_bytes_has_no_room_for_stored_labels(tmp_path, labels):
    text = BYTES.replace("replicates = 1", f'replicates = 1\nlabels = ["{labels}"]')
    text += '\n[teachers]\nown = "train(model=resnet8, epochs=1)"\n'
    with pytest.raises(ValueError, match=r"bytes=1\.2kB is for the images and the stored labels"):
        plan_bench(ask(tmp_path, text))
