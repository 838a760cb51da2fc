from dataclasses import replace

import pytest
from result_toy import changed, result
from runs_toy import BEST, MATRIX, ONLINE, RANDOM, full, replicates

from smallset.bench.matrix import parse_matrix
from smallset.records import Cost
from smallset.report.coverage import planned, row_labels
from smallset.report.leaderboard import leaderboard
from smallset.report.rows import row_key
from smallset.report.sections import sections, short_names, teacher_name

TOYS = parse_matrix(MATRIX, "toys")
THEIRS = [
    result(
        method="foreign", spec="foreign(theirs)", codec="as found", set_seed=None, student_seed=s
    )
    for s in (0, 1)
]


def test_every_setting_is_a_section_in_order_of_appearance_and_the_full_data_is_none():
    made = [*replicates("random", RANDOM), full(0.9), *replicates("random", RANDOM, ipc=2),
            *replicates("random", RANDOM, **ONLINE), *replicates("pca", BEST)]  # fmt: skip
    found = sections(made, {})
    assert [s.title for s in found] == [
        "toy at 8 px, resnet8, ipc 1, small-v1, hard labels",
        "toy at 8 px, resnet8, ipc 2, small-v1, hard labels",
        "toy at 8 px, resnet8, ipc 1, small-v1, online labels",
    ]
    assert [len(s.results) for s in found] == [12, 6, 6]
    assert [r.label for r in found[0].rows] == ["random", "pca"]


def test_a_matrix_names_and_orders_the_rows_and_titles_the_sections():
    made = [*replicates("pca", BEST, **ONLINE), *replicates("random", RANDOM[:2], **ONLINE)]
    [found] = sections(made, row_labels(TOYS), planned(TOYS))
    assert [row.label for row in found.rows] == ["plain", "PCA"]
    assert found.title == "Toy, ResNet-8, ipc 1, online(wise) labels"
    assert (found.labels, found.missing, found.wanted) == ("online(wise)", 4, 12)
    assert found.lacking == {"plain": 4}


@pytest.mark.parametrize(
    ("first", "second", "title"),
    [("Toy, ResNet-8, main", "Toy, ResNet-8, more", "Toy, ResNet-8, ipc 1, hard labels"),
     ("Toy, ipc 1", "Toy, ipc 1, more", "Toy, ipc 1, hard labels"),
     ("Toys", "Toy", "Toys, ipc 1, hard labels")],
)  # fmt: skip
def test_rows_of_several_tables_stand_under_what_their_titles_share(first, second, title):
    text = MATRIX.replace("Toy, ResNet-8", first).replace("ipc = [1, 2]", "ipc = [1]")
    table = text.partition("[[table]]")[2].replace(first, second).replace('"PCA"', '"easy"')
    matrix = parse_matrix(f"{text}[[table]]{table}", "toys")
    made = [*replicates("random", RANDOM), *replicates("pca", BEST), *replicates("el2n", BEST[:1])]
    [found] = sections(made, row_labels(matrix), planned(matrix))
    assert found.title == title
    assert [row.label for row in found.rows] == ["plain", "easy", "PCA"]
    assert (found.lacking, found.wanted) == ({"easy": 5}, 18)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"precision": "bfloat16"}, "precision bfloat16"), ({"codec": "jpeg:90"}, "codec jpeg:90"),
     ({"data_fingerprint": "0123456789"}, "data 01234567"), ({"fit": "pad"}, "fit pad")],
)  # fmt: skip
def test_settings_that_differ_in_little_are_kept_apart_and_their_titles_say_in_what(change, said):
    found = sections([*replicates("random", RANDOM), *replicates("random", RANDOM, **change)], {})
    assert len(found) == 2
    assert found[1].title == f"toy at 8 px, resnet8, ipc 1, small-v1, hard labels, {said}"
    assert found[0].title != found[1].title


def test_two_teachers_are_two_sections():
    other = {**ONLINE, "labels": "online(teacher='/some where/own')", "teacher": "/some where/own"}
    made = [*replicates("random", RANDOM, **ONLINE), *replicates("random", RANDOM, **other)]
    titles = [s.title for s in sections(made, {})]
    assert titles[0].endswith("online labels, teacher resnet20(weights=r20.th, classes=same)")
    assert titles[1].endswith("online labels, teacher own")
    stored = [replicates("random", RANDOM, labels=f"stored({at})", cost=Cost(1, 2)) for at in "ab"]
    assert [s.title[-16:] for s in sections(stored[0] + stored[1], {})] == [
        "labels stored(a)", "labels stored(b)",
    ]  # fmt: skip


def test_sets_without_an_ipc_are_told_apart_by_their_images():
    made = [result(ipc=None, images=n, student_seed=n) for n in (20, 1000)]
    assert [s.title for s in sections(made, {})] == [
        f"toy at 8 px, resnet8, {n} images, small-v1, hard labels" for n in ("20", "1,000")
    ]


def test_other_peoples_sets_stand_beside_ours_behind_random():
    [found] = sections([*THEIRS, *replicates("random", RANDOM)], {})
    assert [row.label for row in found.rows] == ["random", "foreign(theirs)"]
    assert found.rows[1].minus_random is not None
    assert found.first.codec == "png"


def test_other_peoples_sets_have_a_section_of_their_own_where_ours_are_of_two_codecs_or_none():
    jpeg = replicates("random", RANDOM, codec="jpeg:90")
    assert len(sections([*THEIRS, *replicates("random", RANDOM), *jpeg], {})) == 3
    assert len(sections(THEIRS, {})) == 1


def test_versions_are_not_mixed():
    old = replicates("pca", BEST, versions={"smallset": "0.1.0"})
    new = replicates("random", RANDOM, versions={"smallset": "0.2.0"})
    said = r"'toy at 8 px.*' come from smallset 0\.1\.0 and 0\.2\.0, .*Keep each version's lines"
    with pytest.raises(ValueError, match=said):
        sections([*old, *new], {})
    looked = replicates("pca", BEST, versions={"smallset": "0.2.0", "records": "observer-1"})
    assert {r.observer_seed for r in looked} != {None}
    assert len(sections([*looked, *new], {})) == 1  # no observer looked for a random set
    versions = {"smallset": "0.2.0", "records": "observer-2"}
    anew = [changed(r, versions=versions, student_seed=r.student_seed + 100) for r in looked]
    said = "'pca' in 'toy .*' come from records observer-1 and observer-2, whose.* a row needs one"
    with pytest.raises(ValueError, match=said):
        sections([*looked, *anew], {})
    # The records decide which images a method chooses, so different methods may have different
    # versions.
    mixed = [*looked, *replicates("el2n", BEST, versions=versions), *new]
    [section] = sections([*mixed, *replicates("grand", BEST, versions=versions)], {})
    note = "Chosen or drawn by the observers' records observer-1: pca."
    assert [n for n in leaderboard(section).notes if "drawn by" in n] == [note]
    other_setting = [changed(r, ipc=2) for r in old]
    assert len(sections([*other_setting, *new], {})) == 2


def test_a_replicate_counts_once():
    made = replicates("pca", BEST)
    again = replace(made[3], hardware="another processor", top1=0.1)
    said = r"'pca' 2 times \(set seed 3, observer seed 1, student seed 3\).*Delete the repeated"
    with pytest.raises(ValueError, match=said):
        sections([*made, again], {})


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("pca(score=el2n(observer=observer(model=resnet8, seed=2)))",
      "pca(score=el2n(observer=observer(model=resnet8)))"),
     ("pca(score=el2n(observer=observer(seed=2, epochs=5)), factor=3)",
      "pca(score=el2n(observer=observer(epochs=5)), factor=3)"),
     ("el2n(observer=observer(seed=2))", "el2n(observer=observer)"), ("pca", "pca")],
)  # fmt: skip
def test_a_method_goes_by_what_was_typed_less_the_seed_that_varies(typed, shown):
    [one] = replicates("pca", [0.5])
    assert short_names([replace(one, method=typed)]) == {row_key(one): shown}


@pytest.mark.parametrize(
    ("spec", "shown"),
    [("resnet20(weights=/a/b/r.th, size=32)", "resnet20(weights=r.th, size=32)"),
     ('resnet20(weights="/a b/c d/r.th", classes="/x y/z.json")',
      'resnet20(weights="r.th", classes="z.json")'),
     ("runs/own teacher/", "own teacher"), (r"C:\nets\own", "own"),
     ("train(model=resnet18, epochs=3)", "train(model=resnet18, epochs=3)"),
     ('online(teacher="teachers(/x/y/a, /z/w/b)")', 'online(teacher="teachers(a, b)")')],
)  # fmt: skip
def test_a_teacher_is_named_without_the_folders_of_its_files(spec, shown):
    assert teacher_name(spec) == shown
