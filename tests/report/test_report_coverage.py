from dataclasses import replace

import pytest
from runs_toy import BEST, MATRIX, ONLINE, RANDOM, full, replicates

from smallset.bench.matrix import parse_matrix
from smallset.report.coverage import cell_key, missing, not_begun, planned, row_labels
from smallset.report.rows import row_key
from smallset.report.sections import sections

TOYS = parse_matrix(MATRIX, "toys")
ALL = [
    one
    for ipc in (1, 2)
    for labels in ({}, ONLINE)
    for method in ("random", "pca")
    for one in replicates(method, RANDOM, ipc=ipc, **labels)
]


def test_a_matrix_asks_for_the_very_cells_that_its_results_are():
    settings = planned(TOYS)
    assert [(str(s.budget), s.labels) for s in settings] == [
        ("ipc=1", "hard"), ("ipc=1", "online(wise)"), ("ipc=2", "hard"), ("ipc=2", "online(wise)"),
    ]  # fmt: skip
    for setting in settings:
        held = [r for r in ALL if setting.holds(r)]
        assert {cell_key(r) for r in held} == setting.cells
        assert missing([setting], held) == ({}, 12)
    assert not_begun(TOYS, planned(TOYS), [*ALL, full(0.9)]) == []


def test_what_is_missing_is_counted_and_what_nobody_asked_for_is_not():
    hard = planned(TOYS)[0]
    some = replicates("random", RANDOM[:4]) + replicates("el2n", BEST)
    keys = [row_key(replicates(method, BEST)[0]) for method in ("random", "pca")]
    assert missing([hard], some) == (dict(zip(keys, (2, 6), strict=True)), 12)
    assert missing([], some) == ({}, 0)
    # the two observers take turns, so a replicate with the other one is another cell
    other = [replace(r, observer_seed=0) for r in replicates("pca", BEST)]
    assert missing([hard], other)[0] == {keys[0]: 6, keys[1]: 3}


def test_settings_without_a_result_are_named_with_their_cells():
    assert not_begun(TOYS, planned(TOYS), replicates("random", RANDOM)) == [
        "Toy, ResNet-8, ipc 1, online(wise) labels: 12 cells",
        "Toy, ResNet-8, ipc 2, hard labels: 12 cells",
        "Toy, ResNet-8, ipc 2, online(wise) labels: 12 cells",
        "Toy, ResNet-8, resnet8 on the full data: 1 cell",
    ]


def test_a_share_that_is_not_begun_is_one_line_for_mosaics_and_single_images():
    shares = parse_matrix(MATRIX.replace("ipc = [1, 2]", "keep = [0.3]"), "toys")
    assert not_begun(shares, planned(shares), [full(0.9)]) == [
        "Toy, ResNet-8, keep 30 %, hard labels: 12 cells",
        "Toy, ResNet-8, keep 30 %, online(wise) labels: 12 cells",
    ]


@pytest.mark.parametrize(
    "change",
    [{"dataset": "other"}, {"size": 16}, {"student": "resnet20"}, {"ipc": 3}, {"codec": "jpeg:90"},
     {"fit": "crop"}, {"labels": "online(teacher=another)"}],
)  # fmt: skip
def test_a_result_of_another_setting_is_not_held(change):
    [one] = replicates("random", [0.5], **change)
    assert not any(setting.holds(one) for setting in planned(TOYS))


def test_a_protocol_that_is_named_is_compared_and_a_title_names_what_may_differ():
    protocols = '["small-v1(epochs=75)", "auto"]'
    text = MATRIX.replace("replicates = 6", f"replicates = 6\nprotocols = {protocols}")
    text = text.replace('["resnet8"]', '["resnet8", "convnet-d3"]')
    settings = planned(parse_matrix(text, "toys"))
    [one] = replicates("random", [0.5])
    [held] = [s for s in settings if s.holds(one)]
    assert held.protocol == "auto"  # which is small-v1 of so few images, and no other
    assert held.title(one.protocol) == "Toy, ResNet-8, resnet8, ipc 1, small-v1, hard labels"
    [short] = replicates("random", [0.5], protocol="small-v1(epochs=75)")
    assert [s.protocol for s in settings if s.holds(short)] == ["small-v1(epochs=75)"]
    [other] = replicates("random", [0.5], protocol="standard-v1")
    assert not any(s.holds(other) for s in settings)


def test_rows_are_called_as_the_matrix_calls_them():
    names = row_labels(TOYS)
    found = [names[row_key(r)] for r in replicates("pca", BEST[:2])]
    assert found == ["PCA", "PCA"]
    assert list(names.values())[:3] == ["plain", "easy", "PCA"]


KEEP = """\
title = "Toys"
[methods]
plain = "random"
free = "el2n(select=easiest(balanced=false))"
PCA = "pca"
[[table]]
title = "Shares"
data = "toy"
size = 8
keep = [0.1, 0.5]
students = ["resnet8"]
methods = ["plain", "free", "PCA"]
replicates = 6
observers = 2
"""


def test_a_share_is_known_by_the_images_that_were_used():
    matrix = parse_matrix(KEEP, "keep")
    settings = planned(matrix)
    facts = {"source_images": 2000, "classes": ("ape", "bee")}
    plain = replicates("random", RANDOM, ipc=100, images=200, **facts)
    # of classes of 1,303 and 697 images, 130 and 70; unbalanced ones as they fall
    unequal = replicates("random", RANDOM, ipc=None, images=200, **facts)
    free = replicates("el2n(select=easiest(balanced=false))", BEST, ipc=None, images=200, **facts)
    half = replicates("random", RANDOM, ipc=500, images=1000, **facts)
    mosaics = replicates("pca", BEST, ipc=25, images=50, **facts)
    for group, at in ((plain, 0), (unequal, 0), (free, 0), (half, 2), (mosaics, 1)):
        assert [s for s in settings if all(s.holds(r) for r in group)] == [settings[at]]
    assert [len(s.cells) for s in settings] == [12, 6, 12, 6]
    assert missing([settings[0]], plain + free) == ({}, 12)
    assert settings[0].title("small-v1") == "Shares, keep 10 %, hard labels"
    made = sections([*plain, *free, *mosaics], row_labels(matrix), settings)
    assert [s.title for s in made] == [
        "Shares, keep 10 %, hard labels, images 200",
        "Shares, keep 10 %, hard labels, images 50",
    ]
    assert [[row.label for row in s.rows] for s in made] == [["plain", "free"], ["PCA"]]
    assert [s.missing for s in made] == [0, 0]


def test_an_unbalanced_set_stands_in_the_setting_of_its_ipc():
    text = MATRIX.replace('"pca"', '"el2n(select=easiest(balanced=false))"')
    setting = planned(parse_matrix(text, "toys"))[0]
    [free] = replicates("el2n(select=easiest(balanced=false))", [0.4], ipc=None, images=2)
    assert setting.holds(free)
    assert not setting.holds(replace(free, images=3))


def test_a_line_that_names_one_budget_is_also_under_another_that_comes_to_the_same_set():
    tables = KEEP.partition("[[table]]")[2]
    counts = tables.replace("Shares", "Counts").replace("keep = [0.1, 0.5]", "ipc = [100]")
    text = KEEP.replace("[[table]]", f"[[table]]{counts}[[table]]")
    ipc, keep, *others = planned(parse_matrix(text, "both"))
    facts = {"source_images": 2000, "ipc": 100, "images": 200}
    for named in ("ipc=100", "keep=0.1", None):
        [one] = replicates("random", RANDOM[:1], budget=named, **facts)
        assert [s.budget for s in (ipc, keep, *others) if s.holds(one)] == [ipc.budget, keep.budget]
    [other] = replicates("random", RANDOM[:1], budget="ipc=100", **{**facts, "images": 220})
    assert ipc.holds(other)  # by its text
    assert not keep.holds(other)


MIXED = ["ipc=1", "keep=0.5", "keep=0.125"]


@pytest.mark.parametrize("budgets", [MIXED, MIXED[::-1]])
def test_a_finished_run_of_budgets_of_two_kinds_lacks_nothing(budgets):
    text = KEEP.replace('"pca"', '"random(factor=2)"').replace('"plain", "free"', '"plain"')
    matrix = parse_matrix(text.replace("keep = [0.1, 0.5]", f"budget = {budgets}"), "mixed")
    images = {"ipc=1": (2, 2), "keep=0.5": (1000, 250), "keep=0.125": (250, 62)}
    lines = [
        one
        for budget in budgets
        for method, m in zip(("random", "random(factor=2)"), images[budget], strict=True)
        for one in replicates(method, RANDOM, ipc=m // 2, budget=budget, source_images=2000)
    ]
    settings = planned(matrix)
    assert [(str(s.budget), s.tiles) for s in settings] == [
        (b, tiles) for b in budgets for tiles in ((None,) if b == "ipc=1" else (1, 4))
    ]
    for setting in settings:
        assert missing([setting], [r for r in lines if setting.holds(r)])[0] == {}
    assert not_begun(matrix, settings, lines) == []
    made = sections(lines, row_labels(matrix), settings)
    assert [s.missing for s in made] == [0] * len(made)
    for lost in range(len(lines)):  # one table holds both methods of 250 images, and says of both
        short = sections(lines[:lost] + lines[lost + 1 :], row_labels(matrix), settings)
        assert sum(s.missing for s in short) == 1


def test_shares_close_to_each_other_are_apart_and_the_missing_one_is_named():
    text = KEEP.replace("[0.1, 0.5]", "[0.4, 0.5]").replace('"plain", "free", "PCA"', '"plain"')
    matrix = parse_matrix(text, "close")
    settings, facts = planned(matrix), {"source_images": 20}
    less = replicates("random", RANDOM, ipc=4, budget="keep=0.4", **facts)
    more = replicates("random", RANDOM, ipc=5, budget="keep=0.5", **facts)
    assert [s.title for s in sections([*less, *more], row_labels(matrix), settings)] == [
        "Shares, keep 40 %, hard labels",
        "Shares, keep 50 %, hard labels",
    ]
    for lines, other in ((less, 50), (more, 40)):
        assert not_begun(matrix, settings, lines) == [
            f"Shares, keep {other} %, hard labels: 6 cells"
        ]


def test_shares_that_come_to_the_same_set_share_its_line():
    text = KEEP.replace("[0.1, 0.5]", "[0.4, 0.5]").replace('"plain", "free", "PCA"', '"plain"')
    settings = planned(parse_matrix(text, "close"))
    # half of 3 images are 2, and two fifths are 1; of 1 image, both are 1
    for of, held in ((6, [0.4]), (2, [0.4, 0.5])):
        [one] = replicates("random", RANDOM[:1], budget="keep=0.4", source_images=of)
        assert [s.budget.share for s in settings if s.holds(one)] == held
