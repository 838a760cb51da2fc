from dataclasses import replace

import pytest
from analysis_toy import sight
from result_toy import result
from scipy import stats

from smallset.analysis.accuracy import EasyIsGood, by_setting


def learned(subject, top1: float, **changes: object):
    known = {"plan_sha256": subject.plan_sha256, "view": subject.view_spec, "top1": top1}
    return result(**known | changes)


def test_a_result_belongs_to_the_set_of_its_plan_and_view(material):
    made = material("random", "random")
    one, other = made.sets
    results = [
        learned(one, 0.5, budget="ipc=2"),
        learned(one, 0.7, ipc=2, student_seed=1),
        learned(one, 0.9, budget="ipc=2", student="convnet-d3"),
        learned(other, 0.1, budget="ipc=2", view="patch"),
    ]
    means, lost = by_setting(made.sets, results)
    assert {key[:2]: list(of_set.values()) for key, of_set in means.items()} == {
        ("ipc=2", "resnet8"): [pytest.approx(0.6)],
        ("ipc=2", "convnet-d3"): [0.9],
    }
    assert lost == [other]


def test_the_rank_correlation_is_that_of_the_means(material):
    made = material(*["random"] * 6)
    top1 = [0.1, 0.5, 0.2, 0.6, 0.3, 0.4]
    results = [learned(s, v, budget="ipc=2") for s, v in zip(made.sets, top1, strict=True)]
    made = replace(made, results=tuple(results))
    (finding,) = EasyIsGood()(made)
    entropy = [sight(made, s).whole()["entropy"].mean() for s in made.sets]
    fact = finding.facts[0]
    assert fact.name == (
        "rank correlation(entropy, top1, budget='ipc=2', student='resnet8', "
        "protocol='small-v1', labels='hard')"
    ).replace("'", '"')
    assert fact.value == pytest.approx(stats.spearmanr(entropy, top1).statistic)
    assert fact.low <= fact.value <= fact.high
    assert (fact.method, fact.n) == ("6 sets", 6)
    assert "over 6 sets: entropy " in finding.lines[0]


def test_too_few_sets_and_sets_without_results_are_said(material):
    made = material("random", "random")
    made = replace(made, results=(learned(made.sets[0], 0.5, budget="ipc=2"),))
    lost, few = EasyIsGood()(made)
    assert lost.lines == ("no results of set1",)
    assert few.lines == (
        "ipc=2, resnet8, small-v1, hard: results of 1, but a rank correlation needs 3 sets that "
        "differ",
    )
    assert few.facts == ()
