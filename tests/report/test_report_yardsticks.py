import pytest
from runs_toy import BEST, CLOSE, ONLINE, RANDOM, full, replicates

from smallset.evidence import lrs
from smallset.report.sections import sections
from smallset.report.yardsticks import full_of, ranking_panels, yardsticks

HARD = [*replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", CLOSE)]
SOFT = [*replicates("random", BEST, **ONLINE), *replicates("pca", RANDOM, **ONLINE)]
MADE = sections([*HARD, *SOFT], {})


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
    [found] = ranking_panels(MADE, [full(0.9, steps=30)])
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
    assert ranking_panels(MADE, [full(0.9, **change)]) == []


def test_full_data_under_two_protocols_are_no_yardstick():
    both = [full(0.9), full(0.8, protocol="standard-v1")]
    with pytest.raises(ValueError, match=r"full data of 'toy' were trained under standard-v1 and "
                       r"teacher-v1\(epochs=3\).*Keep the lines of one"):  # fmt: skip
        ranking_panels(MADE, both)
