from dataclasses import replace

import numpy as np
import pytest
from result_toy import result
from scipy import stats

from smallset.evidence import holm, permutation_test, ranks, replicates_needed
from smallset.methods import method_from, spec_of
from smallset.records import Cost
from smallset.report.leaderboard import comparison, leaderboard
from smallset.report.rows import method_key, row_key, rows, seeds_note
from smallset.report.sections import sections
from smallset.report.table import times

BASELINE = spec_of(method_from("random"))
RANDOM, BEST = [0.30, 0.32, 0.31, 0.35], [0.40, 0.45, 0.41]
PCA = "pca(score=el2n(observer=observer(seed={})))"


def group(top1: list[float], *, method: str = "random", spec: str | None = None) -> list:
    return [
        result(
            method=method, spec=spec or (BASELINE if method == "random" else method),
            top1=value, student_seed=seed, set_seed=seed,
            plan_sha256=f"{method}{seed}", cost=Cost(1000 + 10 * seed),
        )
        for seed, value in enumerate(top1)
    ]  # fmt: skip


def observed(top1: list[float]) -> list:
    """One method, three observer seeds: what was typed and the whole spec differ in them."""
    return [
        result(
            method=PCA.format(seed), spec=spec_of(method_from(PCA.format(seed))), top1=value,
            observer_seed=seed, student_seed=seed, plan_sha256=f"pca{seed}",
        )
        for seed, value in enumerate(top1)
    ]  # fmt: skip


def test_replicates_of_other_observer_seeds_are_one_row():
    table = rows(group(RANDOM) + observed(BEST))
    assert [row.top1.n for row in table] == [4, 3]
    assert table[1].label == PCA.format(0)
    assert table[1].varied == (3, 3, 3)


def test_methods_that_differ_in_anything_else_are_rows_of_their_own():
    specs = [PCA.format(0), "pca", "pca(factor=3)", "pca(score=el2n(epochs=2))",
             "pca(score=el2n(observer=observer(epochs=20)))", "random", "random(factor=2)",
             "pca(view=canvas)", "el2n(select=hardest)", "el2n(runs=2)"]  # fmt: skip
    keys = {method_key(spec_of(method_from(text))) for text in specs}
    assert len(keys) == len(specs) - 1
    assert method_key(spec_of(method_from("pca"))) == method_key(
        spec_of(method_from(PCA.format(7)))
    )


def test_labels_name_methods_by_their_key():
    results = observed(BEST)
    assert rows(results, labels={row_key(results[0]): "ours"})[0].label == "ours"


def test_intervals_and_differences_are_those_of_scipy():
    row = rows(group(RANDOM) + group(BEST, method="el2n"))[1]
    expected = stats.t.interval(0.95, 2, np.mean(BEST), stats.sem(BEST))
    assert (row.top1.low, row.top1.high) == pytest.approx(expected)
    welch = stats.ttest_ind(BEST, RANDOM, equal_var=False).confidence_interval(0.95)
    difference = row.minus_random
    assert (difference.low, difference.high) == pytest.approx((welch.low, welch.high))
    assert difference.mean == pytest.approx(np.mean(BEST) - np.mean(RANDOM))


@pytest.mark.parametrize(
    ("top1", "verdict"),
    [(BEST, "better"), ([0.1, 0.11, 0.12], "worse"), ([0.30, 0.40], "unclear"), ([0.9], "unclear")],
)
def test_a_verdict_needs_an_interval_without_zero(top1, verdict):
    first, second = rows(group(RANDOM) + group(top1, method="el2n"))
    assert (first.verdict, second.verdict) == ("baseline", verdict)


def test_the_baseline_is_found_wherever_it_stands_and_its_absence_shows():
    assert [r.verdict for r in rows(group(BEST, method="el2n") + group(RANDOM))] == [
        "better", "baseline"]  # fmt: skip
    alone = rows(group(BEST, method="el2n"))[0]
    assert alone.minus_random is None
    assert alone.verdict != "better"


def test_without_plain_random_images_the_first_other_random_choice_is_the_baseline():
    packed = group(RANDOM, method="packed", spec=spec_of(method_from("pack(select=random)")))
    cropped = group(RANDOM, method="cropped", spec=spec_of(method_from("random(factor=2)")))
    best = group(BEST, method="el2n")
    assert [r.verdict for r in rows(packed + best)] == ["baseline", "better"]
    assert [r.verdict for r in rows(packed + cropped + best)] == ["baseline", "unclear", "better"]
    assert [r.verdict for r in rows(packed + group(RANDOM))] == ["unclear", "baseline"]
    [section] = sections(packed + best, {})
    note = "Compared with 'packed', the one row whose images are chosen at random."
    assert note in leaderboard(section).notes
    [section] = sections(packed + cropped + best, {})
    note = "Compared with 'cropped', the first of 2 rows whose images are chosen at random."
    assert note in leaderboard(section).notes
    [section] = sections(group(RANDOM) + best, {})
    assert not any(note.startswith("Compared with") for note in leaderboard(section).notes)


def test_a_comparison_is_percent_images_and_bytes():
    found = comparison(rows(group([0.25, 0.35]) + group([0.5], method="el2n")))
    assert found.header == (
        "method", "top-1 % [95 %]", "minus random [95 %]", "verdict", "images", "bytes", "n"
    )  # fmt: skip
    assert found.cells == (
        ("random", "30.0 [-33.5, 93.5]", "", "baseline", "2", "1,005", "2"),
        ("el2n", "50.0 (one run)", "+20.0 (one run)", "unclear", "2", "1,000", "1"),
    )


def test_the_note_says_which_seeds_varied():
    same_set = [result(method="el2n", spec="el2n", student_seed=s, observer_seed=0) for s in (0, 1)]
    note = seeds_note(rows(group(RANDOM) + observed(BEST) + same_set))
    assert note == (
        f"random: 4 sets, 4 student seeds; {PCA.format(0)}: 3 sets, 3 observers, 3 student seeds; "
        "el2n: 1 set, 1 observer, 2 student seeds"
    )


def test_a_table_of_no_results_has_no_rows():
    assert rows([]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"student": "resnet20"}, {"protocol": "standard-v1"}, {"ipc": 2}, {"size": 16},
        {"dataset": "other"}, {"data_fingerprint": "e"}, {"labels": "online(teacher=own)"},
        {"precision": "bfloat16"}, {"codec": "jpeg:90"}, {"fit": "crop"}, {"images": 3},
    ],
)  # fmt: skip
def test_settings_are_not_mixed(change):
    with pytest.raises(ValueError, match=r"one setting, but these results mix 2 .*Filter them fir"):
        rows([*group(RANDOM), result(**change)])


def test_sets_whose_codec_is_their_own_stand_in_a_table_of_any_codec():
    packed = result(spec="pack(select=random)", codec="webp:50")
    other = result(spec="pack(select=random, codec=avif:60)", codec="avif:60")
    theirs = result(spec="foreign(theirs)", codec="as found")
    assert len(rows([*group(RANDOM), packed, other, theirs])) == 4
    for wrong in (result(spec="random", codec="webp:50"), replace(theirs, ipc=2, images=4)):
        with pytest.raises(ValueError, match="one setting, but these results mix 2"):
            rows([*group(RANDOM), wrong])


def test_p_is_that_of_the_permutation_test_and_holm_corrects_it_over_the_table():
    six = [0.30, 0.32, 0.31, 0.35, 0.29, 0.33]
    better, alike = [x + 0.1 for x in six], [x + 0.005 for x in six]
    _, first, second, few = rows(
        group(six) + group(better, method="pca") + group(alike, method="el2n")
        + group(better[:5], method="pca(factor=3)")
    )  # fmt: skip
    assert first.permutation == permutation_test(better, six, seed=0)
    assert [first.p_holm, second.p_holm] == holm([first.permutation.p, second.permutation.p])
    assert (few.permutation, few.p_holm) == (None, None)


def test_ranks_replicates_and_the_worst_class_are_those_of_the_evidence():
    made = group(RANDOM) + group(BEST, method="el2n")
    first, second = rows(made)
    assert [first.rank, second.rank] == ranks([RANDOM, BEST])
    assert second.replicates_needed == replicates_needed(BEST, RANDOM)
    assert first.replicates_needed is None
    assert (first.worst.name, first.worst.share) == ("ape", 0.25)


def test_the_ratio_counts_all_that_a_student_was_given():
    soft = result(cost=Cost(1000, 500, 38_500), labels="online(teacher=t)")
    [row] = rows([soft])
    assert row.bytes() == 40_000
    assert row.ratio == 0.5
    assert [times(r) for r in (0.0199, 1, 3886.2)] == ["0.02", "1.0", "3,886.2"]


def test_observers_of_a_model_with_options_differ_in_their_seed_alone():
    def spec(seed):
        return f'prune(score=el2n(observer=observer(model="resnet8(shortcut=a)", seed={seed})))'

    assert method_key(spec(0)) == method_key(spec(12)) != spec(0)
    assert "seed" not in method_key(spec(3))
    assert method_key("observer(model=resnet8), seed=3") == "observer(model=resnet8), seed=3"


def test_one_method_is_one_row_whichever_version_wrote_it_and_where_auto_stands_for_the_network():
    now = observed([0.4, 0.5])
    # as written by an earlier version, which had fewer options
    spec = now[1].spec.replace(", pool=none, observer=none)", ")").replace("(balanced=true)", "")
    spec = spec.replace("model=auto", "model=resnet8")
    assert len(spec) < len(now[1].spec) - 20
    [row] = rows([now[0], replace(now[1], spec=spec)])
    assert row.top1.n == 2
    assert len(rows([now[0], replace(now[1], spec=spec.replace("resnet8", "resnet10"))])) == 2
