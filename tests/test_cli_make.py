"""compress on the command line: shares, short and vanished classes, original bytes, lists."""

from pathlib import Path

import numpy as np
import pytest
from cli_toy import Shell, contents, refused, results, tree

from smallset.observers.observed import Observed
from smallset.scores import EL2N
from smallset.store import open_set

UNBALANCED = "el2n(epochs=1, observer=observer(epochs=1), select=easiest(balanced=false))"


@pytest.fixture
def shell(shell) -> Shell:
    tree(shell.root / "data", {"ape": 8, "bee": 3, "cow": 8})
    return shell


def test_a_share_is_kept_of_each_class(shell):
    ran = shell("compress", "data", "set", "--keep", 0.5, "--method", "random")
    assert results(ran.out).startswith("wrote set: 10 images of 8 px in 3 classes")
    assert open_set(Path("set")).manifest.counts == (4, 2, 4)


def test_short_classes_are_refused_or_named_with_what_they_gave(shell):
    words = ["compress", "data", "set", "--ipc", 4, "--method", "random"]
    refused(shell(*words), "'bee', but it has 3. Use ipc<=3.", "--short-classes keep")
    ran = shell(*words, "--short-classes", "keep")
    assert "1 class had fewer images than asked and gave: 'bee' 3\n" in ran.out
    assert open_set(Path("set")).manifest.counts == (4, 3, 4)


def test_vanished_classes_are_counted_and_named(shell, monkeypatch):
    def scored(_: EL2N, seen: Observed) -> np.ndarray:
        return np.array([2, 1, 0], np.float32)[seen.labels]

    monkeypatch.setattr(EL2N, "__call__", scored)
    ran = shell("compress", "data", "set", "--ipc", 2, "--method", UNBALANCED)
    assert "2 classes of 3 vanished: 'ape', 'bee'\n" in ran.out
    assert shell("verify", "set").code == shell("show", "set").code == 0
    ran = shell.evaluate("set", "data", "--seeds", 1)
    assert "per class, %: ape " in ran.out


def test_class_folders_of_other_names_are_said_with_the_reason(shell):
    assert "class folder" not in shell.compress("data", "set", "--method", "random").out
    tree(shell.root / "odd", {" lead": 2, "bee": 2, "cow": 2})
    ran = shell.compress("odd", "odd-set", "--method", "random")
    assert (
        "1 class folder has another name than its class: ' lead' is in '_lead'; some file systems "
        "or readers do not take such a name\n"
    ) in ran.out
    assert open_set(Path("odd-set")).manifest.folders == ("_lead", "bee", "cow")


def test_original_bytes_are_said_to_be_as_they_are(shell):
    ran = shell("compress", "data", "set", "--keep", 1, "--method", "random", "--size", 6,
                "--codec", "original")  # fmt: skip
    assert "19 images as they are (read at 6 px) in 3 classes" in ran.out
    assert "1.0x fewer than the source's" in ran.out
    sizes = [p.stat().st_size for p in Path("set").glob("*/*.png")]
    assert sum(sizes) == sum(p.stat().st_size for p in Path("data/train").rglob("*.png"))
    assert shell("verify", "set").code == shell("show", "set").code == 0


def test_a_list_is_said_to_be_one(shell):
    ran = shell("compress", "data", "list", "--ipc", 4, "--short-classes", "keep", "--plan-only",
                "--method", "random")  # fmt: skip
    assert results(ran.out) == (
        "wrote list: the list of 11 images out of 19, in 3 classes, and no pixels\n"
        "1 class had fewer images than asked and gave: 'bee' 3\n"
    )
    assert len(Path("list/selection.txt").read_text().splitlines()) == 11


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--keep", 0.9, "--method", "pca"],
         ["needs 4 images of the class 'bee', but it has 3. Use more images of that"]),
        (["--ipc", 7, "--method", UNBALANCED], ["needs 21 images in all, but there are 19. Use"]),
        (["--ipc", 1, "--method", UNBALANCED, "--short-classes", "keep"], ["Leave it out."]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_any_scoring(shell, options, said):
    refused(shell("compress", "data", shell.outs / "set", *options), *said)
    assert contents(shell.outs) == []
    assert shell.observers() == []


def test_digits_have_no_bytes_of_their_own(shell):
    refused(
        shell.compress("digits", "set", "--method", "random", "--codec", "original"),
        "'digits' has pixels and no encoded images. Use another codec, such as png.",
    )


def test_sheets_under_a_budget_in_bytes_say_what_they_hold(shell):
    method = "prune(select=random, mosaic=sheet(side=12))"
    words = ["--method", method, "--budget", "bytes=3kB", "--codec", "webp:50"]
    ran = shell("compress", "data", "set", *words)
    assert "wrote set: 9 images on 3 sheets, for 8 px in 3 classes" in ran.out
    assert f"budget: {open_set(Path('set')).manifest.image_bytes:,} of 3,000 bytes\n" in ran.out
    assert "note: 9 images stored larger than in the source\n" in ran.out
    words[3] = "bytes=3lb"
    refused(shell("compress", "data", "other", *words), "has the unit 'lb'", "GB, MB, kB, GiB")
    words[3] = "bytes=30"
    refused(shell("compress", "data", "other", *words), "no room for one image of each class")
