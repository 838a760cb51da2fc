"""What a composed method wants of each class under a budget."""

from dataclasses import replace

import pytest

from smallset.budget import Budget, PerClass, Share
from smallset.methods import Method, method_from
from smallset.scores import EL2N
from smallset.selection import CCS, Middle

NAMES = ("ape", "bee", "cow")
PLAIN = method_from("random")
MOSAIC = method_from("random(factor=2)")
UNBALANCED = method_from("el2n(select=easiest(balanced=false))")


def ask(budget: Budget, have: tuple[int, ...], method: Method = PLAIN, short: str = "error"):
    return method.wanted(budget, have, NAMES, short_classes=short)


def test_a_share_is_rounded_for_each_class_and_halves_go_up():
    assert Share(0.3).canvases((10, 11, 5), 1) == (3, 3, 2)
    # as floats 0.145 * 100 is below 14.5 and 0.35 * 10 is 3.5 exactly
    assert Share(0.145).canvases((100, 10), 1) == (15, 1)
    assert Share(0.35).canvases((10,), 1) == (4,)
    assert Share(1).canvases((7, 5000), 1) == (7, 5000)


def test_a_share_of_a_mosaic_is_whole_canvases_and_never_more_than_there_is():
    assert Share(0.5).canvases((40, 31, 9), 4) == (5, 4, 1)
    assert ask(Share(0.5), (40, 31, 9), MOSAIC).counts.tolist() == [20, 16, 4]
    assert ask(Share(1), (7, 8, 11), MOSAIC).counts.tolist() == [4, 8, 8]


def test_every_class_gives_one_canvas_at_least():
    assert ask(Share(1e-9), (40, 5, 9)).counts.tolist() == [1, 1, 1]
    assert ask(Share(1e-9), (40, 5, 9), MOSAIC).counts.tolist() == [4, 4, 4]


def test_ipc_is_canvases_written_and_ten_where_nothing_is_given():
    assert ask(PerClass(2), (9, 9, 8), MOSAIC).counts.tolist() == [8, 8, 8]


def test_a_class_with_too_few_images_is_named_with_what_fits():
    with pytest.raises(ValueError, match="ipc=2") as caught:
        ask(PerClass(2), (9, 5, 8), MOSAIC)
    assert str(caught.value) == (
        "ipc=2 with grid(factor=2) needs 8 images of the class "
        "'bee', but it has 5. Use ipc<=1 or a smaller factor. "
        "Or let small classes give what they have: --short-classes keep."
    )
    with pytest.raises(ValueError, match=r"keep=0\.5") as caught:
        ask(Share(0.5), (9, 3, 8), MOSAIC)
    assert str(caught.value) == (
        "keep=0.5 with grid(factor=2) needs 4 images of the "
        "class 'bee', but it has 3. Use more images of that class or a smaller factor."
    )


def test_a_pool_is_all_that_a_class_has():
    pooled = replace(PLAIN, pool=5)
    with pytest.raises(
        ValueError, match=r"ipc=6 .* 'ape', but it has 5 in a pool of 5\. Use ipc<=5"
    ):
        ask(PerClass(6), (9, 9, 9), pooled)
    with pytest.raises(
        ValueError, match=r"keep=0\.9 needs 8 images of the class 'ape', but it has 5"
    ):
        ask(Share(0.9), (9, 9, 9), pooled)
    kept = ask(Share(0.9), (9, 9, 3), pooled, "keep")
    assert (kept.counts.tolist(), kept.short) == ([5, 5, 3], (0, 1))
    with pytest.raises(ValueError, match=r"it has 3 in a pool of 3\. Use a larger pool or a sm"):
        ask(PerClass(1), (9, 9, 9), replace(MOSAIC, pool=3))


def test_a_selection_that_leaves_a_part_is_counted_before_anything_is_scored():
    windowed = replace(PLAIN, select=Middle((0.0, 0.4)), score=EL2N())
    assert ask(PerClass(4), (10, 10, 10), windowed).counts.tolist() == [4, 4, 4]
    with pytest.raises(ValueError, match="of which") as caught:
        ask(PerClass(4), (10, 10, 9), replace(windowed, pool=8))
    assert str(caught.value) == (
        "ipc=4 needs 4 images of the class 'ape', but it has 8 in a pool of 8, of which "
        "middle(quantiles=(0.0, 0.4)) leaves 3. Use ipc<=3, or let the selection leave more."
    )
    tiled = replace(MOSAIC, select=Middle((0.0, 0.3)), score=EL2N())
    with pytest.raises(
        ValueError,
        match=r"leaves 3\. Use more images of that class or a smaller factor, or let the selection",
    ):
        ask(PerClass(1), (10, 10, 10), tiled)
    kept = ask(PerClass(4), (10, 10, 5), windowed, "keep")
    assert (kept.counts.tolist(), kept.short) == ([4, 4, 2], (2,))
    whole = replace(PLAIN, select=CCS(beta=0.5, balanced=False), score=EL2N())
    assert ask(PerClass(5), (10, 10, 10), whole).counts.sum() == 15
    with pytest.raises(ValueError, match="leaves 15") as caught:
        ask(PerClass(6), (10, 10, 10), whole)
    assert str(caught.value) == (
        "ipc=6 of 3 classes needs 18 images in all, but ccs(beta=0.5, balanced=false) leaves 15. "
        "Use ipc<=5, or let the selection leave more."
    )
    none = replace(whole, select=Middle((0.0, 0.05), balanced=False))
    for budget in (PerClass(1), Share(0.1)):
        with pytest.raises(ValueError, match=r"leaves 2\. Let the selection leave more\.$"):
            ask(budget, (10, 10, 10), none)


def test_short_classes_give_the_whole_canvases_that_they_have():
    kept = ask(PerClass(3), (12, 5, 11), MOSAIC, "keep")
    assert (kept.counts.tolist(), kept.short) == ([12, 4, 8], (1, 2))
    assert ask(PerClass(3), (12, 12, 12), MOSAIC, "keep").short == ()


def test_a_class_without_a_single_canvas_is_an_error_even_then():
    with pytest.raises(ValueError, match=r"needs 12 images of .* 'bee', but it has 3\. Use more"):
        ask(PerClass(3), (11, 3, 12), MOSAIC, "keep")
    with pytest.raises(ValueError, match=r"needs 1 image of the class 'cow', but it has 0"):
        ask(PerClass(1), (11, 3, 0), PLAIN, "keep")


def test_of_an_unbalanced_selection_only_the_sum_counts():
    assert ask(PerClass(3), (8, 1, 0), UNBALANCED).counts.tolist() == [3, 3, 3]
    assert ask(Share(0.5), (8, 3, 5), UNBALANCED).counts.tolist() == [4, 2, 3]
    with pytest.raises(ValueError, match=r"ipc=4 of 3 classes needs 12 images in all, but there a"):
        ask(PerClass(4), (8, 1, 1), UNBALANCED)
    with pytest.raises(ValueError, match=r"but there are 6 in pools of 2\. Use ipc<=2\."):
        ask(PerClass(3), (8, 8, 8), replace(UNBALANCED, pool=2))
    with pytest.raises(ValueError, match=r"needs 9 images .* in pools of 2\. Use a smaller keep"):
        ask(Share(0.4), (8, 8, 8), replace(UNBALANCED, pool=2))


def test_short_classes_of_an_unbalanced_selection_mean_nothing_and_are_refused():
    said = r"but easiest\(balanced=false\) takes any number of images of a class\. Leave it out"
    with pytest.raises(ValueError, match=said):
        ask(PerClass(1), (8, 8, 8), UNBALANCED, "keep")
