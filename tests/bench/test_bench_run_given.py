"""A matrix whose scores come without training: of a network that is given, and of a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from bench_toy import ask, only
from serial_toy import Serial

import smallset
from smallset.bench import folder as run_folder
from smallset.bench import forecast as forecasting
from smallset.bench.forecast import forecast
from smallset.bench.rates import Training
from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.observers import observed
from smallset.records import Result
from smallset.report.coverage import missing, planned, row_labels
from smallset.report.rows import rows, seeds_note

NETWORK = "resnet8(weights=data/o.pt, size=16, classes=same)"
GIVEN = only("random", given=f"el2n(observer={NETWORK})", file="file(data/s.parquet)").replace(
    "observers = 1", "observers = 2"
)


@pytest.fixture
def request_(tmp_path):
    """The matrix on the toy data, with a network's weights and a file of scores beside it."""
    ask(tmp_path, GIVEN)
    (tmp_path / "w.pt").replace(tmp_path / "data" / "o.pt")
    scores(np.arange(24))
    return ask(tmp_path, GIVEN)


def scores(values: np.ndarray) -> None:
    pq.write_table(pa.table({"index": np.arange(len(values)), "aum": values}), "data/s.parquet")


def test_one_look_feeds_all_replicates_and_tables_say_that_it_did_not_vary(
    request_, tmp_path, monkeypatch
):
    monkeypatch.setattr(observed, "train_kept", None)
    run_bench(request_, workers=Serial())
    assert len(list((tmp_path / "work" / "observers").iterdir())) == 1
    results = read_lines(tmp_path / "runs" / "results.jsonl", Result)
    seeds = {(r.method, r.observer_seed, r.set_seed) for r in results}
    assert seeds == {
        ("prune(select=random)", None, 0), ("prune(select=random)", None, 1),
        (f"prune(score=el2n(observer={NETWORK}))", 0, 0),
        (f"prune(score=el2n(observer={NETWORK}))", 0, 1),
        ("prune(score=file(path=data/s.parquet))", None, 0),
        ("prune(score=file(path=data/s.parquet))", None, 1),
    }  # fmt: skip
    plan = plan_bench(request_)
    assert plan.pending == ()
    assert missing(planned(plan.ground.matrix), results) == ({}, 6)
    note = seeds_note(rows(results, labels=row_labels(plan.ground.matrix)))
    assert "random: 2 sets, 2 student seeds" in note
    assert "given: 1 set, 1 observer, 2 student seeds" in note
    assert "file: 1 set, 2 student seeds" in note


def test_the_estimate_is_one_pass_forward(request_, monkeypatch):
    monkeypatch.setattr(forecasting, "measured_rate", lambda *_: 100.0)
    plan = plan_bench(request_)
    assert [unit.kind for unit in plan.pending].count("observer") == 1
    (unit,) = (unit for unit in plan.pending if unit.kind == "observer")
    assert unit.key.startswith(f"observer toy 8 px, {NETWORK} [")
    found = forecast(plan)
    cells = 6 * (3 * 2 + 12 / 3)
    assert found.seconds == pytest.approx((cells + 24 / 3) / 100)
    assert Training("resnet8", 16, 24, 3) in found.measured


def test_what_does_not_fit_is_found_before_anything_runs(request_, tmp_path):
    scores(np.arange(23))
    state = torch.load("data/o.pt", weights_only=True)
    del state["head.weight"]
    torch.save(state, "data/o.pt")
    with pytest.raises(ValueError, match="2 impossible") as caught:
        run_bench(request_)
    said = str(caught.value)
    assert "toy: the observer of 'given': the weights 'data/o.pt' are not those of" in said
    assert "toy: 'data/s.parquet' has no score for 1 of the 24 training images of 'toy'" in said
    assert not (tmp_path / "runs").exists()
    Path("data/s.parquet").unlink()
    with pytest.raises(ValueError, match="toy: there is no file of scores"):
        run_bench(request_)


def test_scores_and_networks_that_changed_under_an_old_run_are_an_error(request_):
    request_.runs.mkdir()
    run_folder.write_run(request_.runs, plan_bench(request_).run)
    scores(np.arange(24)[::-1])
    with pytest.raises(ValueError, match=r"begun with weights scores data/s\.parquet = .*Restore"):
        plan_bench(request_)
    scores(np.arange(24))
    state = torch.load("data/o.pt", weights_only=True)
    torch.save({key: value + 1 for key, value in state.items()}, "data/o.pt")
    with pytest.raises(ValueError, match=r"begun with weights observer resnet8\(weights=data/o"):
        plan_bench(request_)


def test_a_set_is_the_data_of_a_run_with_the_held_out_images_of_other_data(tmp_path):
    wanted = ask(tmp_path, only("random").replace("replicates = 2", "replicates = 1"))
    smallset.compress(tmp_path / "data" / "toy", "ours", method="random", ipc=3, size=8)
    with pytest.raises(ValueError, match="the set 'ours' has no held-out images"):
        run_bench(replace(wanted, data=("toy=ours",)), workers=Serial())
    asked = replace(wanted, data=("toy=folder(ours, test=data/toy)",))
    run_bench(asked, workers=Serial())
    [result] = read_lines(tmp_path / "runs" / "results.jsonl", Result)
    assert (result.dataset, result.images, result.source_images) == ("toy", 3, 9)
    assert result.source_fingerprint == result.data_fingerprint
