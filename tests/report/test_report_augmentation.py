import csv
import io
from dataclasses import replace

import pytest
from runs_toy import BEST, CLOSE, RANDOM, replicates

from smallset.evidence import ars
from smallset.methods import method_from
from smallset.report.augmentation import augmentation_panels, robust_scores
from smallset.report.sections import sections
from smallset.report.spreadsheet import to_csv
from smallset.train.views import Canvas, Patch

BARE = "scale=(1, 1), ratio=(1, 1), flip=0"
RANDOM_BARE = f"random(view=canvas({BARE}))"
PCA_BARE = f"pca(view=patch({BARE}))"
LOW = tuple(value - 0.1 for value in RANDOM)
MADE = sections(
    [
        *replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", CLOSE),
        *replicates(RANDOM_BARE, LOW), *replicates(PCA_BARE, CLOSE),
    ],
    {},
)  # fmt: skip


def mean(values):
    return sum(values) / len(values)


def test_a_twin_is_the_same_method_without_augmentation():
    assert method_from(RANDOM_BARE).view == Canvas((1.0, 1.0), (1.0, 1.0), 0.0)
    assert method_from(PCA_BARE).view == Patch((1.0, 1.0), (1.0, 1.0), 0.0)
    found = robust_scores(MADE[0])
    random, pca = (row.key for row in MADE[0].rows[:2])
    assert set(found) == {random, pca}  # el2n has no twin, and no twin has one
    assert found[random] == ars(0, 0)
    assert found[pca] == pytest.approx(ars(mean(BEST) - mean(RANDOM), mean(CLOSE) - mean(LOW)))


def test_the_panel_shows_both_gains_and_the_score():
    [found] = augmentation_panels(MADE)
    assert found.title == f"Without augmentation: {MADE[0].title}"
    assert found.header[-3:] == ("IOR", "unaugmented: IOR", "ARS")
    assert [cells[0] for cells in found.cells] == ["random", "pca"]
    assert found.cells[0][-3:] == ("0.0", "0.0", "0.269")
    gains = mean(BEST) - mean(RANDOM), mean(CLOSE) - mean(LOW)
    assert found.cells[1][-3:] == (*(f"{100 * gain:.1f}" for gain in gains), f"{ars(*gains):.3f}")
    assert "larger is better" in found.notes[0]


def test_without_random_images_of_both_kinds_there_is_no_score():
    for missing in ("random", RANDOM_BARE):
        key = method_from(missing)
        kept = [r for r in MADE[0].results if method_from(r.spec) != key]
        [left] = sections(kept, {})
        assert robust_scores(left) == {}
        assert augmentation_panels([left]) == []


def test_random_images_alone_make_no_panel():
    [alone] = sections([*replicates("random", RANDOM), *replicates(RANDOM_BARE, LOW)], {})
    assert len(robust_scores(alone)) == 1
    assert augmentation_panels([alone]) == []


def test_sets_of_other_people_have_no_twin():
    theirs = [replace(r, spec="foreign(theirs)") for r in replicates("random", CLOSE)]
    [made] = sections([*MADE[0].results, *theirs], {})
    assert len(robust_scores(made)) == 2


def test_the_spreadsheet_holds_the_score():
    lines = list(csv.DictReader(io.StringIO(to_csv(MADE, []))))
    pca = MADE[0].rows[1].key
    assert [line["ars"] != "" for line in lines] == [True, True, False, False, False]
    assert float(lines[1]["ars"]) == robust_scores(MADE[0])[pca]
