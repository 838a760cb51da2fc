"""Estimates: their arithmetic, and what they rest on."""

import pytest
from bench_toy import MATRIX, ask

from smallset.bench import forecast as forecasting
from smallset.bench.forecast import forecast
from smallset.bench.rates import Training, known_rates, measured_rate
from smallset.bench.run import plan_bench
from smallset.evidence.results import read_results
from smallset.train.device import Machine

STUDENT = "resnet8(weights=w.pt)"


def test_estimate_of_a_new_run_is_views_over_rate(tmp_path, monkeypatch):
    monkeypatch.setattr(forecasting, "measured_rate", lambda *_: 100.0)
    found = forecast(plan_bench(ask(tmp_path)))
    cells = 6 * (3 * 30 + 12 / 3)
    full = 24 * 2 + 12 / 3
    observer = 24 * 1 * (1 + 1 / 3)
    assert found.seconds == pytest.approx((cells + full + observer) / 100)
    assert found.known == ()
    assert set(found.measured) == {
        Training(STUDENT, 8, 3, 3),
        Training(STUDENT, 8, 24, 3),
        Training("resnet8", 8, 24, 3),
    }
    assert found.run_bytes == 6 * 3 * 8 * 8 * 3
    assert found.work_bytes == (24 + 12) * 8 * 8 * 3


def test_estimate_of_a_begun_run_rests_on_its_own_lines(root, monkeypatch):
    monkeypatch.setattr(forecasting, "measured_rate", None)
    grown = MATRIX.replace("replicates = 2", "replicates = 3")
    plan = plan_bench(ask(root, grown))
    found = forecast(plan)
    training = Training(STUDENT, 8, 3, 3)
    rate = known_rates(plan.results.values())[training]
    assert found.seconds == pytest.approx(3 * (3 * 30 + 12 / 3) / rate)
    assert (found.known, found.measured) == ((training,), ())
    made = read_results(root / "runs" / "results.jsonl")
    sizes = [r.image_bytes / r.images for r in made]
    assert found.run_bytes == pytest.approx(9 * sum(sizes) / len(sizes), rel=0.2)


def test_soft_labels_cost_the_teachers_forward_pass_too(tmp_path, monkeypatch):
    monkeypatch.setattr(forecasting, "measured_rate", lambda *_: 100.0)
    soft = MATRIX.replace(
        "[[table]]", '[teachers]\nown = "train(model=resnet20, epochs=4)"\n\n[[table]]'
    ).replace('["random", "easy", "PCA"]', '["random"]\nlabels = ["online(own)"]')
    found = forecast(plan_bench(ask(tmp_path, soft.replace("full = {epochs = 2}", ""))))
    cells = 2 * (3 * 30 * (1 + 1 / 3) + 12 / 3)
    assert found.seconds == pytest.approx((cells + 24 * 4 + 12 / 3) / 100)


def test_measured_rate_is_kept_in_the_work_folder(tmp_path, monkeypatch):
    here, training = Machine("cpu", "float32", 1), Training("resnet8", 8, 4, 3)
    rate = measured_rate(training, here, tmp_path)
    assert rate > 0
    monkeypatch.setattr("smallset.bench.rates._measure", None)
    assert measured_rate(training, here, tmp_path) == rate
