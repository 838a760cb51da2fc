from dataclasses import replace

import pytest
from result_toy import changed
from runs_toy import BEST, CLOSE, MATRIX, ONLINE, RANDOM, replicates

from smallset.bench.matrix import parse_matrix
from smallset.evidence import paired_difference, welch_difference
from smallset.records import Cost
from smallset.report.coverage import planned, row_labels
from smallset.report.regimes import overviews, regime_names
from smallset.report.sections import sections
from smallset.report.table import Heading, Table


def shown(difference):
    return Table("", (Heading("", "points"),), ((difference,),)).cells[0][0]


HARD = [*replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", CLOSE)]
SOFT = [*replicates("random", BEST, **ONLINE), *replicates("pca", RANDOM, **ONLINE)]


def test_hard_and_soft_labels_stand_side_by_side_with_their_bytes():
    [found] = overviews(sections([*SOFT, *HARD], {}))
    assert found.title == "Soft labels against hard: toy at 8 px, resnet8, ipc 1"
    assert found.header == (
        "method", "hard: top-1 % [95 %]", "hard: rank", "hard: bytes",
        "online: top-1 % [95 %]", "online: rank", "online: bytes", "online minus hard [95 %]",
    )  # fmt: skip
    cells = {row[0]: row for row in found.cells}
    assert cells["pca"][1:7] == (
        "42.5 [40.5, 44.5]", "1", "1,000", "31.7 [29.4, 33.9]", "2", "1,001,000")  # fmt: skip
    assert "el2n" not in cells
    assert found.notes[-1] == "Rows of one regime only are left out: 1. Their tables have them."


def test_regimes_of_sets_by_different_records_do_not_stand_side_by_side():
    versions = [{"torch": "2.13", "records": f"observer-{i}"} for i in (1, 2)]
    hard = [*replicates("random", RANDOM), *replicates("pca", BEST, versions=versions[0])]
    soft = replicates("pca", RANDOM, **ONLINE, versions=versions[1])
    parts = sections([*hard, *soft], {})
    said = r"'pca' in 'Soft labels against hard: toy.*' come from records observer-1 and observer-2"
    with pytest.raises(ValueError, match=said):
        overviews(parts)


def test_a_teacher_is_described_as_where_it_is_needed():
    stored = {**ONLINE, "labels": "stored(teacher=wise)", "cost": Cost(1000, labels=10)}
    stored["teacher_top1"] = None
    parts = sections([*HARD, *SOFT, *replicates("random", BEST, **stored)], {})
    [note] = [n for n in overviews(parts)[0].notes if n.startswith("Teacher")]
    assert "not needed by the student" not in note
    assert "unknown" not in note


def test_the_two_orders_can_be_read_off():
    [found] = overviews(sections([*HARD, *SOFT], {}))
    assert found.notes[0] == (
        "Order by mean, = where the interval of a step holds 0: "
        "hard: pca > el2n = random; online: random > pca."
    )
    many = [r for i in range(18) for r in replicates(f"pca(factor={i + 3})", CLOSE)]
    [found] = overviews(sections([*HARD, *many, *SOFT], {}))
    assert found.notes[0].endswith("holds 0: online: random > pca.")  # the ranks say the other


def test_a_difference_is_paired_only_where_the_very_same_sets_are_used():
    soft = [*SOFT[:6], *(replace(r, plan_sha256=f"new {r.set_seed}") for r in SOFT[6:])]
    [found] = overviews(sections([*HARD, *soft], {}))
    cells = {row[0]: row[-1] for row in found.cells}
    assert cells["random"] == shown(paired_difference(BEST, RANDOM))
    assert cells["pca"] == shown(welch_difference(RANDOM, BEST))
    assert found.notes[-2].endswith("paired for random (the very same sets), else Welch.")
    [fewer] = overviews(sections([*HARD, *SOFT[:5]], {}))
    assert fewer.notes[-2].endswith("between regimes: Welch's.")


def test_several_teachers_have_letters_or_the_matrix_names_and_a_note_each():
    other = {**ONLINE, "labels": "online(teacher=own)", "teacher": "own", "cost": Cost(1000, 0, 5)}
    made = sections([*HARD, *SOFT, *replicates("random", CLOSE, **other)], {})
    assert regime_names(made) == ["hard", "online A", "online B"]
    [found] = overviews(made)
    assert "Teacher B: own, top-1 91.7 %, 5 bytes." in found.notes
    toys = parse_matrix(MATRIX, "toys")
    named = sections([*HARD, *SOFT], row_labels(toys), planned(toys))
    assert regime_names(named) == ["hard", "online(wise)"]
    wise = "Teacher wise: resnet20(weights=r20.th, classes=same), top-1 91.7 %, 1,000,000 bytes."
    assert wise in overviews(named)[0].notes


def test_two_protocols_of_one_regime_are_two_columns_that_name_them():
    made = [*HARD, *SOFT, *replicates("random", RANDOM, protocol="standard-v1")]
    [found] = overviews(sections(made, {}))
    assert "hard, small-v1: rank" in found.header
    assert "hard, standard-v1 minus hard, small-v1 [95 %]" in found.header
    apart = [*HARD, *SOFT, *replicates("aum", RANDOM, protocol="standard-v1")]
    [found] = overviews(sections(apart, {}))
    assert not any("standard-v1" in name for name in found.header)  # no method to compare


def test_one_regime_alone_or_another_budget_makes_no_overview():
    assert overviews(sections(HARD, {})) == []
    assert overviews(sections(SOFT, {})) == []
    assert overviews(sections([*HARD, *(changed(r, ipc=2) for r in SOFT)], {})) == []


def test_a_teacher_is_named_by_the_matrix_alone_and_options_stay():
    soft = [
        replicates("random", BEST, labels=f'stored(teacher="{t}", prune={p})', teacher=t)
        for t, p in (("a.pt", 0.5), ("a.pt", 0.9), ("b.pt", 0.9))
    ]
    names = regime_names(sections([r for rows in soft for r in rows], {}))
    assert names == ["stored(prune=0.5) A", "stored(prune=0.9) A", "stored(prune=0.9) B"]
