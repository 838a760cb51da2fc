import math

import altair as alt
import pytest
from result_toy import changed
from runs_toy import BEST, ONLINE, RANDOM, replicates

from smallset.report.page.charts import charts
from smallset.report.page.entries import entries
from smallset.report.sections import sections

RESULTS = (*replicates("random", RANDOM), *replicates("pca", BEST))


def made(*results):
    return charts(entries(sections(results, {})))


def test_every_chart_is_valid_vega_lite():
    for chart in made(*RESULTS, *replicates("pca", BEST, **ONLINE)):
        alt.LayerChart.from_dict(dict(chart.spec))


def test_the_points_of_accuracy_against_bytes_are_those_of_the_table():
    accuracy, _ = made(*RESULTS)
    random, pca = accuracy.spec["data"]["values"]
    assert (random["id"], random["verdict"], pca["verdict"]) == ("row-0", "random", "better")
    assert (pca["top1"], pca["low"], pca["high"]) == (42.5, 40.54, 44.46)
    assert (pca["bytes"], pca["n"], pca["said"]) == (1000.0, 6, "42.5 [40.5, 44.5]")


def test_each_data_set_and_student_has_its_own_chart_of_accuracy():
    others = (changed(r, student="convnet-d3") for r in RESULTS)
    found = made(*RESULTS, *others)
    assert [chart.title for chart in found if chart.follows] == [
        "toy at 8 px, convnet-d3", "toy at 8 px, resnet8"
    ]  # fmt: skip


def test_a_single_point_has_a_chart_only_if_there_is_no_other():
    alone = replicates("random", RANDOM, student="convnet-d3")
    [accuracy] = [chart for chart in made(*RESULTS, *alone) if chart.follows]
    assert (accuracy.name, accuracy.title) == ("bytes-0", "toy at 8 px, resnet8")
    assert "a single row make no chart" in accuracy.caption
    [accuracy] = made(*alone)
    assert "no chart" not in accuracy.caption


def test_a_line_goes_on_if_only_the_steps_of_its_protocol_differ():
    others = (
        changed(r, protocol="small-v1(steps=600)", budget="bytes=9kB", images=4) for r in RESULTS
    )
    accuracy, *_ = made(*RESULTS, *others)
    assert {point["protocol"] for point in accuracy.spec["data"]["values"]} == {"small-v1"}
    assert len(accuracy.spec["data"]["values"]) == 4


def test_one_run_has_an_interval_of_no_width_and_says_so():
    accuracy, *_ = made(*replicates("random", [0.3]), *replicates("pca", [0.4]))
    first, second = accuracy.spec["data"]["values"]
    assert (first["low"], first["high"], second["said"]) == (30.0, 30.0, "40.0 (one run)")


def test_classes_are_compared_with_random_and_clear_differences_marked():
    _, classes = made(*RESULTS)
    cells = classes.spec["data"]["values"]
    assert [(cell["method"], cell["class"]) for cell in cells] == [("pca", "ape"), ("pca", "bee")]
    assert cells[0]["points"] == pytest.approx(10.83)
    assert cells[0]["clear"]


def test_of_many_classes_those_with_the_largest_differences_are_shown_and_the_rest_counted():
    names = tuple(f"class {number}" for number in range(60))
    random = [changed(r, classes=names, per_class=(0.5,) * 60) for r in replicates("random", BEST)]
    values = (*(0.5 + number / 200 for number in range(59)), math.nan)
    pca = [changed(r, classes=names, per_class=values) for r in replicates("pca", BEST)]
    classes = made(*random, *pca)[1]
    shown = [cell["class"] for cell in classes.spec["data"]["values"]]
    assert shown == list(names[19:59])
    assert "19 classes with smaller differences are left out" in classes.caption
