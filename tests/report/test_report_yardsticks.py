from dataclasses import replace
from statistics import fmean

import pytest
from runs_toy import BEST, CLOSE, ONLINE, RANDOM, full, replicates

from smallset.evidence import ars, lrs
from smallset.methods import method_from
from smallset.report.sections import sections
from smallset.report.spreadsheet import spreadsheet
from smallset.report.yardsticks import (
    augmentation_tables,
    full_of,
    ranking_tables,
    twins_of,
    yardsticks,
)  # fmt: skip
from smallset.train.views import Canvas, Patch

HARD = [*replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", CLOSE)]
SOFT = [*replicates("random", BEST, **ONLINE), *replicates("pca", RANDOM, **ONLINE)]
MADE = sections([*HARD, *SOFT], {})


BARE = "scale=(1, 1), ratio=(1, 1), flip=0"
RANDOM_BARE = f"random(view=canvas({BARE}))"
PCA_BARE = f"pca(view=patch({BARE}))"
LOW = tuple(value - 0.1 for value in RANDOM)
AUGMENTED = sections(
    [
        *replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", CLOSE),
        *replicates(RANDOM_BARE, LOW), *replicates(PCA_BARE, CLOSE),
    ],
    {},
)  # fmt: skip


def robust(section):
    return {pair.row.key: pair.ars for pair in twins_of(section)}


def test_the_gap_is_to_the_full_data_with_hard_labels_and_the_gain_within_the_regime():
    hard, soft = (yardsticks(s, MADE, [full(0.9), full(0.8, student_seed=1)]) for s in MADE)
    random, best = sum(RANDOM) / 6, sum(BEST) / 6
    pca = MADE[0].rows[1].key
    assert hard[pca].hlr == soft[pca].hlr == pytest.approx(0.85 - best)
    assert hard[pca].ior == pytest.approx(best - random)
    assert soft[pca].ior == pytest.approx(random - best)
    assert soft[pca].lrs == pytest.approx(lrs(0.85 - best, random - best))


def test_what_was_not_measured_is_left_out():
    pca = MADE[0].rows[1].key
    without = yardsticks(MADE[0], MADE, [])[pca]
    assert (without.hlr, without.lrs) == (None, None)
    assert without.ior is not None
    alone = sections(replicates("pca", BEST), {})
    assert yardsticks(alone[0], alone, [full(0.9)])[pca].ior is None
    soft_alone = sections(SOFT, {})
    assert yardsticks(soft_alone[0], soft_alone, [full(0.9)])[pca].hlr is None


def test_the_panel_says_what_the_full_data_were_worth():
    [found] = ranking_tables(MADE, [full(0.9, steps=30)])
    assert found.title == "Against the full data: toy at 8 px, resnet8, ipc 1"
    assert found.header == ("method", "HLR", "hard: IOR", "hard: LRS", "online: IOR", "online: LRS")
    assert found.cells[1] == ("pca", "47.5", "10.8", "0.198", "-10.8", "0.161")
    assert found.cells[2][4:] == ("-", "-")
    assert found.notes[1] == (
        "Full data: 20 images, top-1 90.0 %, n = 1, teacher-v1(epochs=3), 30 steps."
    )


@pytest.mark.parametrize(
    "change",
    [
        {"data_fingerprint": "other"},
        {"size": 16},
        {"student": "resnet20"},
        {"fit": "crop"},
        {"precision": "bfloat16"},
    ],
)
def test_students_of_other_full_data_are_no_yardstick(change):
    assert full_of(MADE[0], [full(0.9, **change)]) == []
    assert ranking_tables(MADE, [full(0.9, **change)]) == []


def test_full_data_under_two_protocols_are_no_yardstick():
    both = [full(0.9), full(0.8, protocol="standard-v1")]
    with pytest.raises(ValueError, match=r"full data of 'toy' were trained under standard-v1 and "
                       r"teacher-v1\(epochs=3\).*Keep the lines of one"):  # fmt: skip
        ranking_tables(MADE, both)


def test_a_twin_is_the_same_method_without_augmentation():
    assert method_from(RANDOM_BARE).view == Canvas((1.0, 1.0), (1.0, 1.0), 0.0)
    assert method_from(PCA_BARE).view == Patch((1.0, 1.0), (1.0, 1.0), 0.0)
    found = robust(AUGMENTED[0])
    random, pca = (row.key for row in AUGMENTED[0].rows[:2])
    assert set(found) == {random, pca}  # el2n has no twin, and no twin has one
    assert found[random] == ars(0, 0)
    assert found[pca] == pytest.approx(ars(fmean(BEST) - fmean(RANDOM), fmean(CLOSE) - fmean(LOW)))


def test_the_panel_shows_both_gains_and_the_score():
    [found] = augmentation_tables(AUGMENTED)
    assert found.title == f"Without augmentation: {AUGMENTED[0].title}"
    assert found.header[-3:] == ("IOR", "unaugmented: IOR", "ARS")
    assert [cells[0] for cells in found.cells] == ["random", "pca"]
    assert found.cells[0][-3:] == ("0.0", "0.0", "0.269")
    gains = fmean(BEST) - fmean(RANDOM), fmean(CLOSE) - fmean(LOW)
    assert found.cells[1][-3:] == (*(f"{100 * gain:.1f}" for gain in gains), f"{ars(*gains):.3f}")
    assert "larger is better" in found.notes[0]


def test_without_random_images_of_both_kinds_there_is_no_score():
    for missing in ("random", RANDOM_BARE):
        key = method_from(missing)
        kept = [r for r in AUGMENTED[0].results if method_from(r.spec) != key]
        [left] = sections(kept, {})
        assert robust(left) == {}
        assert augmentation_tables([left]) == []


def test_random_images_alone_make_no_panel_and_sets_of_other_people_have_no_twin():
    [alone] = sections([*replicates("random", RANDOM), *replicates(RANDOM_BARE, LOW)], {})
    assert len(robust(alone)) == 1
    assert augmentation_tables([alone]) == []
    theirs = [replace(r, spec="foreign(theirs)") for r in replicates("random", CLOSE)]
    [made] = sections([*AUGMENTED[0].results, *theirs], {})
    assert len(robust(made)) == 2


def test_the_spreadsheet_holds_the_score():
    table, found = spreadsheet(AUGMENTED, []), robust(AUGMENTED[0])
    scores = [row[table.header.index("ars")] for row in table.rows]
    assert scores == [found.get(row.key) for row in AUGMENTED[0].rows]
