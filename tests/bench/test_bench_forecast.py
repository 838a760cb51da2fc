"""Estimates: their arithmetic, and what they rest on."""

from dataclasses import replace

import pytest
from bench_toy import MATRIX, ask, only

from smallset.bench import forecast as forecasting
from smallset.bench.forecast import Countdown, forecast
from smallset.bench.rates import Training, known_rates, measured_rate
from smallset.bench.run import Finished, plan_bench
from smallset.evidence.lines import read_lines
from smallset.observers.observer import OBSERVER_V1, RECIPES
from smallset.pipeline import train_teacher
from smallset.records import Result
from smallset.train.device import Machine

STUDENT = "resnet8(weights=w.pt)"


@pytest.fixture(autouse=True)
def a_hundred(monkeypatch) -> None:
    """Let every network without a known rate train at 100 images a second."""
    monkeypatch.setattr(forecasting, "measured_rate", lambda *_: 100.0)


def test_estimate_of_a_new_run_is_views_over_rate(tmp_path):
    found = forecast(plan_bench(ask(tmp_path)))
    cells = 6 * (3 * 2 + 12 / 3)
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


@pytest.mark.parametrize("method", ["random(factor=2", "rded(factor=2, pool=4"])
def test_estimate_counts_every_view_of_an_epoch(tmp_path, method):
    found, less = (
        forecast(plan_bench(ask(tmp_path, MATRIX.replace('= "random"', f'= "{method}{view}"'))))
        for view in (", view=each-patch)", ", view=patch)")
    )
    assert found.seconds - less.seconds == pytest.approx(2 * 3 * 3 * 2 / 100)


def test_estimate_of_a_begun_run_rests_on_its_own_lines(root, monkeypatch):
    monkeypatch.setattr(forecasting, "measured_rate", None)
    grown = MATRIX.replace("replicates = 2", "replicates = 3")
    plan = plan_bench(ask(root, grown))
    found = forecast(plan)
    training = Training(STUDENT, 8, 3, 3)
    rate = known_rates(plan.lines.results.values())[training]
    assert found.seconds == pytest.approx(3 * (3 * 2 + 12 / 3) / rate)
    assert (found.known, found.measured) == ((training,), ())
    made = read_lines(root / "runs" / "results.jsonl", Result)
    sizes = [r.cost.images / r.images for r in made]
    assert found.run_bytes == pytest.approx(9 * sum(sizes) / len(sizes), rel=0.2)


def test_soft_labels_cost_the_teachers_forward_pass_too(tmp_path):
    soft = only("random") + 'labels = ["online(train(model=resnet20, epochs=4))"]'
    found = forecast(plan_bench(ask(tmp_path, soft)))
    cells = 2 * (3 * 2 * (1 + 1 / 3) + 12 / 3)
    assert found.seconds == pytest.approx((cells + 24 * 4 + 12 / 3) / 100)


def test_measured_rate_is_kept_in_the_work_folder(tmp_path, monkeypatch):
    here, training = Machine("cpu", "float32", 1), Training("resnet8", 8, 4, 3)
    rate = measured_rate(training, here, tmp_path)
    assert rate > 0
    monkeypatch.setattr("smallset.bench.rates._measure", None)
    assert measured_rate(training, here, tmp_path) == rate


def test_observer_costs_as_many_runs_as_the_greediest_of_its_scores(tmp_path):
    plain = forecast(plan_bench(ask(tmp_path)))
    thrice = "el2n(epochs=1, runs=3, observer=observer(epochs=1))"
    greedy = only("random", "easy", "PCA", thrice=thrice) + "full = {epochs = 2}"
    more = forecast(plan_bench(ask(tmp_path, greedy)))
    cells, two_more_runs = 2 * (3 * 2 + 12 / 3), 2 * 24 * (1 + 1 / 3)
    assert more.seconds - plain.seconds == pytest.approx((cells + two_more_runs) / 100)


def test_observer_costs_every_look_within_an_epoch(tmp_path, monkeypatch):
    eight_steps = replace(OBSERVER_V1, batch=3)
    monkeypatch.setitem(RECIPES, OBSERVER_V1.name, eight_steps)
    often = MATRIX.replace("observer(epochs=1)", "observer(epochs=1, snapshots=8)")
    found, less = (forecast(plan_bench(ask(tmp_path, m))) for m in (often, MATRIX))
    assert found.seconds - less.seconds == pytest.approx(24 * 7 / 3 / 100)


def test_only_students_that_will_be_compiled_are_measured_so(tmp_path, monkeypatch):
    monkeypatch.setattr(forecasting, "can_compile", lambda _: True)
    large = MATRIX.replace("resnet8(weights=w.pt)", "convnet-d3").replace(
        "finetune-v1(epochs=2)", "small-v1"
    )
    large = large.replace('["random", "easy", "PCA"]', '["random"]')
    students = Training("convnet-d3", 8, 3, 3), Training("convnet-d3", 8, 24, 3)
    compiled = tuple(replace(training, compiled=True) for training in students)
    # 3 images are seen 900 times, all 24 of them 48 times
    for threshold, wanted in ((901, students), (900, (compiled[0], students[1])), (48, compiled)):
        monkeypatch.setattr("smallset.cell.COMPILE_FROM_VIEWS", threshold)
        found = forecast(plan_bench(ask(tmp_path, large)))
        assert set(found.measured) == set(wanted)


def test_teacher_in_a_folder_is_known_by_its_card(tmp_path):
    ask(tmp_path)
    train_teacher("data/toy", "data/own", model="resnet20", epochs=1, size=8, work=tmp_path / "w")
    soft = MATRIX.replace("[[table]]", '[teachers]\nown = "{data}/own"\n\n[[table]]')
    soft = soft.replace('["random", "easy", "PCA"]', '["random"]\nlabels = ["online(own)"]')
    found = forecast(plan_bench(ask(tmp_path, soft)))
    assert Training("resnet20", 8, 3, 3) in found.measured
    train_teacher("data/toy", "data/other", model="resnet8", epochs=1, size=8, work=tmp_path / "w")
    both = soft.replace('"{data}/own"', '"teachers({data}/own, {data}/other)"')
    more = forecast(plan_bench(ask(tmp_path, both)))
    assert {Training(name, 8, 3, 3) for name in ("resnet8", "resnet20")} <= {*more.measured}
    views = 2 * 3 * 2  # of two students, of which each network takes a forward pass
    assert more.seconds - found.seconds == pytest.approx(views / 3 / 100)


def test_rate_file_that_a_power_cut_emptied_is_measured_again(tmp_path, monkeypatch):
    here, training = Machine("cpu", "float32", 1), Training("resnet8", 8, 4, 3)
    monkeypatch.setattr("smallset.bench.rates._measure", lambda *_: 7.0)
    assert measured_rate(training, here, tmp_path) == 7.0
    [file] = (tmp_path / "rates").iterdir()
    file.write_text("")
    assert measured_rate(training, here, tmp_path) == 7.0


def test_a_countdown_counts_what_is_left_once_every_network_has_a_rate(root, finished):
    grown = MATRIX.replace("replicates = 2", "replicates = 4")
    plan = plan_bench(ask(root, grown))
    rate = known_rates(plan.lines.results.values())[Training(STUDENT, 8, 3, 3)]
    left, told = Countdown(plan, 2), []
    for number, unit in enumerate(plan.pending, 1):
        last = finished[1][-1].result if unit.kind == "cell" else None
        result = last and replace(
            last, images=3, protocol="finetune-v1(epochs=2)", images_per_second=rate
        )
        told.append(left(Finished(unit, result, number, len(plan.pending))))
    cells = [unit.kind == "cell" for unit in plan.pending]
    each = (3 * 2 + 12 / 3) / rate / 2
    assert told == pytest.approx(
        [each * sum(cells[number:]) for number in range(1, len(cells) + 1)]
    )
    assert told[-1] == 0


def test_a_countdown_says_nothing_while_a_network_has_no_rate(tmp_path, monkeypatch):
    monkeypatch.setattr(forecasting, "can_compile", None)  # a compiler would start in the driver
    student = MATRIX.replace("resnet8(weights=w.pt)", "convnet-d3").replace("finetune", "standard")
    plan = plan_bench(ask(tmp_path, student))
    left = Countdown(plan, 1)
    assert [left(Finished(unit, None, 1, 2)) for unit in plan.pending[:2]] == [None, None]
