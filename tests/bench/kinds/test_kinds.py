"""A kind of unit from outside the package, from the checks and the dry run to the report."""

import pytest
from bench_toy import MATRIX, ask
from own_kind import MeasureUnit
from serial_toy import Serial

from smallset.bench.forecast import forecast
from smallset.bench.kinds import KINDS
from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.records import Fact
from smallset.store import open_set

ONE = MATRIX.replace('["random", "easy", "PCA"]', '["random"]')


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> None:
    monkeypatch.setitem(KINDS, MeasureUnit.kind, MeasureUnit)


def test_a_kind_is_checked_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match="toy: brightness is measured from 8 px on"):
        plan_bench(ask(tmp_path, ONE.replace("size = 8", "size = 7")))


def test_a_kind_is_counted_run_resumed_and_reported(shell, monkeypatch):
    request = ask(shell.root, ONE)
    monkeypatch.setattr("smallset.bench.forecast.measured_rate", lambda *_: 100.0)
    where = "--data", "data", "--work", "work", "--precision", "float32", "--device", "cpu"
    dry = "bench", request.matrix, request.runs, *where, "--dry-run"
    counted = "2 pixels -> 2 sets -> 2 cells -> 1 full -> 2 measures"
    said = shell(*dry).out
    assert f"shared: {counted}" in said
    assert f"to do: {counted}" in said
    assert forecast(plan_bench(request)).run_bytes == 2 * 3 * 8 * 8 * 3

    def killed(finished) -> None:
        if finished.unit.kind == "measure":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_bench(request, workers=Serial(), told=killed)
    facts = request.runs / "facts.jsonl"
    assert facts.read_bytes().count(b"\n") == 1
    with facts.open("a") as file:
        file.write('{"name": "bright')  # as a killed driver may leave it
    units = []
    assert run_bench(request, workers=Serial(), told=units.append).torn
    assert [done.unit.kind for done in units].count("measure") == 1
    assert plan_bench(request).pending == ()
    assert "to do: nothing" in shell(*dry).out

    found = {fact.set_digest: fact.value for fact in read_lines(facts, Fact)}
    sets = map(open_set, (request.runs / "sets").iterdir())
    wanted = {s.manifest.digest: s.images(workers=1).mean() / 255 for s in sets}
    assert found == pytest.approx(wanted)
    assert len(found) == 2
    assert shell("report", request.runs).code == 0
    tables = (request.runs / "report" / "tables.md").read_text()
    assert tables.count("| brightness |") == 2
