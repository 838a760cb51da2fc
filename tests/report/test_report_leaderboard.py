from dataclasses import replace

import pytest
from result_toy import result
from runs_toy import BEST, CLOSE, MATRIX, ONLINE, RANDOM, replicates

from smallset.bench.matrix import parse_matrix
from smallset.report.coverage import planned, row_labels
from smallset.report.leaderboard import leaderboard, machines
from smallset.report.sections import sections

HARD = [*replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", CLOSE)]


def panel(results, **options):
    [section] = sections(results, options.pop("labels", {}), **options)
    return leaderboard(section)


def noted(results, start, **options):
    found = [note for note in panel(results, **options).notes if note.startswith(start)]
    return found[0] if found else None


def test_every_method_stands_beside_random_with_its_evidence():
    found = panel(HARD)
    cells = {row[0]: dict(zip(found.header, row, strict=True)) for row in found.cells}
    assert cells["pca"] == {
        "method": "pca", "top-1 % [95 %]": "42.5 [40.5, 44.5]",
        "minus random [95 % Welch]": "+10.8 [8.2, 13.4]", "p": "0.0022", "p (Holm)": "0.0043",
        "rank": "1", "worst class %": "32.5 (ape)", "image bytes": "1,000", "ratio": "20.0",
        "n": "6",
    }  # fmt: skip
    assert cells["random"]["p"] == cells["random"]["p (Holm)"] == "-"
    assert cells["random"]["minus random [95 % Welch]"] == ""
    assert cells["random"]["rank"] == cells["el2n"]["rank"] == "2-3"


def test_p_is_left_out_below_six_replicates_and_holm_counts_the_tests_that_were_made():
    found = panel([*replicates("random", RANDOM), *replicates("pca", BEST[:5]),
                   *replicates("el2n", CLOSE)])  # fmt: skip
    assert [row[3:5] for row in found.cells] == [("-", "-"), ("-", "-"), ("0.81", "0.81")]
    few = [*replicates("random", RANDOM[:5]), *replicates("pca", BEST)]
    assert noted(few, "No p") == "No p: it needs 6 replicates a side."
    assert "p" not in panel(few).header
    assert "p (Holm)" not in panel(few).header


@pytest.mark.parametrize("protocol", ["rethinkdc-v1", "rethinkdc-v1(epochs=100)"])
def test_a_protocol_that_peeks_at_the_test_set_is_said_to(protocol):
    assert noted(replicates("random", RANDOM, protocol=protocol), "The best") == (
        "The best of several tests counts, chosen on the held-out images: for comparison with "
        "published tables only."
    )
    assert noted(HARD, "The best") is None


def test_the_smallest_p_is_said():
    assert noted(HARD, "p:") == (
        "p: two-sided permutation test against random (exact), at best 0.0022 with so many "
        'replicates; Holm over 2 tests; "-" below 6 replicates a side.'
    )


def test_what_is_not_told_from_random_is_said_with_the_replicates_it_would_take():
    assert noted(HARD, "Not told") == (
        "Not told from random: el2n (about 367). In brackets the replicates a side that would do "
        "it at these means and deviations (power 0.8, alpha 0.05)."
    )
    assert noted(HARD[:12], "Not told") is None
    assert "(unknown from one run)" in noted([*HARD[:6], *replicates("pca", [0.9])], "Not told")
    same = [*HARD[:6], *replicates("pca", RANDOM[::-1])]
    assert "(never: equal means)" in noted(same, "Not told")


def test_it_is_said_which_seeds_varied_and_where_replicates_share_a_set():
    assert noted(HARD, "Varied") == (
        "Varied: random: 6 sets, 6 student seeds; pca | el2n: 6 sets, 2 observers, 6 student seeds."
    )
    assert noted(HARD, "Where there are fewer sets") is None
    one = [r for i in range(9) for r in replicates(f"pca(factor={i + 2})", BEST)]
    assert noted(one, "Varied") == "Varied: all: 6 sets, 2 observers, 6 student seeds."
    assert noted([*HARD[:6], *one], "Varied") == (
        "Varied: random: 6 sets, 6 student seeds; the others: 6 sets, 2 observers, 6 student seeds."
    )
    shared = [*HARD[:6], *replicates("pca", BEST, plan_sha256="one")]
    assert noted(shared, "Where there are fewer sets than n, replicates share") is not None


def test_the_order_is_said_where_there_are_intervals():
    assert noted(HARD, "Order by mean") == (
        "Order by mean, = where the interval of a step holds 0: pca > el2n = random."
    )
    single = [replicates(method, [0.5])[0] for method in ("random", "pca")]
    assert noted(single, "Order by mean") is None
    assert noted([*single, *replicates("el2n", CLOSE)], "Order by mean") is not None
    many = [r for i in range(18) for r in replicates(f"pca(factor={i + 3})", CLOSE)]
    assert noted(many, "Order by mean") is not None
    assert noted([*many, *HARD], "Order by mean") is None  # no sentence; the ranks say it


def test_the_teacher_its_accuracy_and_its_bytes_are_counted():
    found = panel(replicates("random", RANDOM, **ONLINE))
    cells = dict(zip(found.header, found.cells[0], strict=True))
    assert (cells["label bytes"], cells["teacher bytes"]) == ("0", "1,000,000")
    assert cells["ratio"] == "0.02"
    assert any(note.startswith(
        "Teacher: resnet20(weights=r20.th, classes=same), top-1 91.7 %, 1,000,000 bytes.")
        for note in found.notes)  # fmt: skip
    assert "{data}" not in str(found)


def test_a_setting_without_random_says_that_nothing_is_compared():
    assert noted(replicates("pca", BEST), "Nothing is compared") is not None
    assert noted(HARD, "Nothing is compared") is None


def test_rows_whose_sets_lack_classes_say_how_many():
    (one, two), (three, *rest) = replicates("random", RANDOM[:2]), replicates("pca", BEST)
    made = [one, two, replace(three, vanished=("ape",)), *rest]
    assert noted(made, "Classes without") == "Classes without an image, of 2: pca 0 to 1."
    assert noted([one, two, made[2]], "Classes without") == (
        "Classes without an image, of 2: pca 1."
    )
    assert noted([one, two, *rest], "Classes without") is None


def test_what_the_matrix_still_lacks_is_counted_by_row():
    toys = parse_matrix(MATRIX, "toys")
    options = {"labels": row_labels(toys), "settings": planned(toys)}
    lacking = [*replicates("random", RANDOM), *replicates("pca", BEST[:2])]
    assert noted(lacking, "Still to come", **options) == (
        "Still to come: 4 of 12 cells of the matrix (PCA 4)."
    )
    assert noted(lacking[1:3], "Still to come", **options) == (
        "Still to come: 10 of 12 cells of the matrix (plain 4, PCA 6)."
    )
    assert noted(HARD, "Still to come", **options) is None


def test_machines_and_versions_that_differ_are_counted_not_hidden():
    same = [result(), result()]
    assert machines(same) == "a processor, float32, 1 thread; torch 2.13."
    looked = [result(versions={"torch": "2.13", "records": "observer-2"}), *same]
    assert machines(looked) == (
        "a processor, float32, 1 thread; torch 2.13; observers' records: observer-2."
    )
    other = result(hardware="a GPU", threads=4, compiled=True, versions={"torch": "2.14"})
    assert machines([*same, other]) == (
        "a processor, float32, 1 thread (2 results); a GPU, float32, 4 threads, compiled "
        "(1 results); torch 2.13 (2 results); torch 2.14 (1 results)."
    )


@pytest.mark.parametrize(("labels", "value"), [("hard", "22.8"), ("online", "")])
def test_published_numbers_have_their_own_column_where_the_setting_matches(labels, value):
    imagenet = {"classes": tuple(f"c{i}" for i in range(1000)), "per_class": (0.5,) * 1000,
                "source_images": 1_281_167, "size": 224, "student": "resnet18", "ipc": 10,
                "labels": labels}  # fmt: skip
    made = [*replicates("random", RANDOM, **imagenet), *replicates("pca", BEST, **imagenet),
            *replicates("pca(factor=3)", BEST, **imagenet)]  # fmt: skip
    found = panel(made)
    assert found.header[-1] == "published %"
    assert [row[-1] for row in found.cells] == ["4.6" if value else "35.8", value, ""]
    note = noted(made, "Published: arXiv 2502.06434")
    assert "here small-v1" in note
    assert ("sre2l 1.5" if value else "cda 33.5") in note
    assert panel(HARD).header[-1] == "n"
