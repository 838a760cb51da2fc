import altair as alt
from result_toy import fact

from smallset.report.page.fact_charts import fact_charts

SPREAD = [
    fact(name=f"entropy(quantile={q})", value=float(q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)
]
CROPS = [
    fact(name=f"entropy(crop={ratio}{more})", value=1 + ratio, low=None, high=None, observer="net")
    for ratio in (0.1, 0.5)
    for more in ("", ", chosen=crops")
]


def test_quantiles_become_one_distribution_a_set():
    (chart,) = fact_charts([*SPREAD, *(fact(name=f.name, set_digest="t") for f in SPREAD)])
    assert chart.title == "entropy of toy sets, seen by no observer"
    first, second = chart.spec["data"]["values"]
    assert first == {
        "set": "random s", "n": 6, "lowest": 0.05, "low": 0.25, "median": 0.5, "high": 0.75,
        "highest": 0.95,
    }  # fmt: skip
    assert second["set"] == "random t"
    alt.LayerChart.from_dict(dict(chart.spec))


def test_crop_ratios_become_curves_told_apart_by_their_options():
    (chart,) = fact_charts(CROPS)
    points = chart.spec["data"]["values"]
    assert [(p["ratio"], p["crops"], p["value"]) for p in points] == [
        (0.1, "any", 1.1), (0.1, "chosen crops", 1.1), (0.5, "any", 1.5), (0.5, "chosen crops", 1.5)
    ]  # fmt: skip
    alt.LayerChart.from_dict(dict(chart.spec))


def test_each_observer_and_measure_has_its_own_chart_and_other_facts_none():
    others = [fact(name="nll(quantile=0.5)"), fact(name="balance"), fact(name="entropy")]
    found = fact_charts([*SPREAD, *CROPS, *others])
    assert [chart.name for chart in found] == ["spread-0", "spread-1", "crops-0"]
