import csv
import io
from dataclasses import replace

import pytest
from runs_toy import BEST, ONLINE, RANDOM, full, replicates

from smallset.evidence import mean_interval, permutation_test, welch_difference
from smallset.report.sections import sections
from smallset.report.spreadsheet import classes_sheet, spreadsheet
from smallset.report.table import write_csv

MADE = [*replicates("random", RANDOM), *replicates("pca", BEST),
        *replicates("random", BEST[:1], **ONLINE)]  # fmt: skip


def lines(results=MADE, whole=()):
    return list(csv.DictReader(io.StringIO(write_csv(spreadsheet(sections(results, {}), whole)))))


def test_a_line_a_method_and_setting_in_full_precision():
    random, pca, soft = lines(whole=[full(0.9)])
    assert [line["method"] for line in (random, pca, soft)] == ["random", "pca", "random"]
    difference = welch_difference(BEST, RANDOM)
    assert float(pca["minus_random"]) == difference.mean
    assert float(pca["minus_random_low"]) == difference.low
    assert float(pca["p"]) == float(pca["p_holm"]) == permutation_test(BEST, RANDOM, seed=0).p
    assert float(pca["hlr"]) == pytest.approx(0.9 - sum(BEST) / 6)
    assert (pca["rank_best"], pca["rank_worst"], pca["n"]) == ("1", "1", "6")


def test_the_setting_is_in_every_line_and_no_folder():
    soft = lines()[2]
    assert (soft["dataset"], soft["ipc"], soft["student"]) == ("toy", "1", "resnet8")
    assert (soft["labels"], soft["teacher_bytes"]) == ("online", "1000000.0")
    assert soft["teacher"] == "resnet20(weights=r20.th, classes=same)"


def test_what_is_unknown_is_empty():
    random, _, soft = lines()
    assert random["minus_random"] == random["p"] == random["hlr"] == ""
    assert random["published_top1"] == random["teacher"] == ""
    assert soft["top1_low"] == ""
    assert "nan" not in write_csv(spreadsheet(sections(MADE, {}), []))


def test_odd_names_survive():
    odd = [replace(r, method='a, "b"\nc', dataset="x;y") for r in replicates("random", RANDOM)]
    [line] = lines(odd)
    assert (line["method"], line["dataset"]) == ('a, "b"\nc', "x;y")


def test_every_class_has_a_line_with_its_interval():
    made = [replace(r, per_class=(r.top1, float("nan"))) for r in MADE]
    found = list(csv.DictReader(io.StringIO(write_csv(classes_sheet(sections(made, {}))))))
    assert [(line["method"], line["class"]) for line in found[:4]] == [
        ("random", "ape"), ("random", "bee"), ("pca", "ape"), ("pca", "bee"),
    ]  # fmt: skip
    interval = mean_interval(BEST)
    assert float(found[2]["accuracy"]) == interval.mean
    assert float(found[2]["accuracy_low"]) == interval.low
    assert (found[2]["n"], found[2]["labels"], found[2]["ipc"]) == ("6", "hard", "1")
    assert found[3]["accuracy"] == ""
