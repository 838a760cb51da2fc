"""What the commands say of the data, and what they refuse because of the data."""

import shutil
from pathlib import Path

import pytest
from cli_toy import refused, tree

from smallset import open_set
from smallset.data import index

pytestmark = pytest.mark.usefixtures("data")


def leak(*pairs: tuple[str, str]) -> None:
    """Copy held-out images among the training images."""
    for held, trained in pairs:
        shutil.copy(f"data/test/{held}", f"data/train/{trained}")


UNDERSTOOD = (
    "data: 24 training images of 3 classes (ape, bee, cow)\n"
    "held out: 6 images, test split of the source\n"
)


@pytest.mark.parametrize(
    "words",
    [
        ("compress", "data", "set", "--method", "random", "--ipc", 1),
        ("compress", "data", "list", "--method", "random", "--ipc", 1, "--plan-only"),
        ("score", "data", "s.parquet", "--scores", "el2n(epochs=1, observer=observer(epochs=1))"),
        ("train", "data", "teacher", "--model", "resnet8", "--epochs", 1),
    ],
)
def test_commands_say_what_they_understood_before_they_begin(shell, words):
    ran = shell(*words)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(UNDERSTOOD)


def test_evaluate_says_what_it_understood_too(shell):
    shell("compress", "data", "set", "--method", "random", "--ipc", 1)
    ran = shell.evaluate("set", "data", "--seeds", 1)
    assert ran.out.startswith(UNDERSTOOD)


def test_what_is_left_unused_and_what_is_doubtful_is_said(shell):
    leak(("ape/00.png", "ape/c.png"))
    shutil.copytree("data/test", "data/val")
    ran = shell("compress", "data", "set", "--method", "random", "--ipc", 1)
    assert ran.out.splitlines()[:4] == [
        "data: 25 training images of 3 classes (ape, bee, cow)",
        "held out: 6 images, test split of the source",
        "left unused: val/ (for choosing only)",
        "warning: 1 training image is also held out: 'ape/c.png'. Leave them out with --drop-leaks",
    ]


def test_leaks_are_dropped_when_asked(shell):
    leak(("ape/00.png", "ape/c.png"), ("bee/01.png", "bee/c.png"))
    ran = shell("compress", "data", "set", "--method", "random", "--ipc", 8, "--drop-leaks")
    assert ran.code == 0, ran.err
    assert "2 training images are left out, because of equal held-out images\n" in ran.out
    assert "warning" not in ran.out
    assert open_set(Path("set")).manifest.source.images == 24
    assert shell.evaluate("set", "data", "--seeds", 1, "--drop-leaks").code == 0


def test_a_set_that_holds_held_out_images_is_refused(shell):
    leak(("ape/00.png", "ape/c.png"))
    assert shell("compress", "data", "set", "--method", "random", "--keep", 1).code == 0
    refused(
        shell.evaluate("set", "data"),
        "the set 'set' holds 1 of the 6 held-out images of 'data': 'ape/00.png'. Accuracy on them "
        "would mean nothing. Needed a set without them. Make one of the training images, with "
        "--drop-leaks if copies of held-out images are among them.",
    )


def test_the_held_out_images_themselves_are_refused_as_a_set(shell):
    refused(shell.evaluate("data/test", "data"), "the set 'test' holds 6 of the 6 held-out")
    shutil.copytree("data/test", "plain")
    made = shell("compress", "plain", "set", "--method", "random", "--ipc", 1, "--codec", "webp:90")
    assert made.code == 0, made.err
    ran = shell.evaluate("set", "data")
    refused(ran, "the set 'set' holds 3 of the 6 held-out images of 'data': ")


def test_a_set_beside_class_folders_is_not_a_class(shell):
    shutil.copytree("data/train", "flat")
    shell("compress", "flat", "set", "--method", "random", "--ipc", 1)
    shutil.copytree("set", "flat/small")
    ran = shell("compress", "flat", "again", "--method", "random", "--ipc", 1)
    assert ran.code == 0, ran.err
    assert "left unused: small/ (smallset wrote it)\n" in ran.out
    assert open_set(Path("again")).manifest.classes == ("ape", "bee", "cow")


def test_the_parts_of_a_folder_can_be_named(shell):
    for split in ("train", "test"):
        shutil.copytree(f"data/{split}", f"seg/seg_{split}/seg_{split}")
    parts = ("--train", "seg_train/seg_train", "--test", "seg_test/seg_test")
    refused(shell("compress", "seg", "set"), "Say --train seg_train/seg_train --test seg_test/seg")
    ran = shell("compress", "seg", "set", "--method", "random", "--ipc", 1, *parts)
    assert "held out: 6 images, 'seg_test/seg_test', as given\n" in ran.out
    ran = shell.evaluate("set", "seg", *parts, "--seeds", 1)
    assert ran.code == 0, ran.err


def test_classes_that_do_not_fit_are_heard_of_before_any_image_is_read(shell, monkeypatch):
    shell("compress", "data", "set", "--method", "random", "--ipc", 1)
    tree(shell.root / "other", {"ape": 4, "bee": 4, "dog": 4})

    def never(*_: object, **__: object) -> None:
        raise AssertionError("an image was read")

    monkeypatch.setattr(index, "scan", never)
    refused(shell.evaluate("set", "other"), "the set has 3 classes and the test data 'other' has 3",
            "only in the set: ['cow'], only in the data: ['dog']")  # fmt: skip


def test_what_looked_at_the_data_is_said_and_recorded(shell):
    five = "el2n(epochs=1, observer=observer(epochs=2))"
    ran = shell("compress", "data", "set", "--method", five, "--ipc", 1)
    assert ran.code == 0, ran.err
    made = open_set(Path("set")).manifest.made_with
    assert made["observer"].startswith("observer(model=resnet8, epochs=2, ")
    assert (made["observer_epochs"], made["epochs_read"]) == ("2", "1")
    assert f"images: {100 * float(made['observer_right']):.2f} %\n" in ran.out
    assert "epochs read: 1 of 2\nnote: the score does not read the epochs after 1, " in ran.out
    ran = shell(
        "score", "data", "s.parquet", "--scores", f"{five},aum(observer=observer(epochs=2))"
    )
    assert f"{five}: epochs read: 1 of 2\n" in ran.out
    assert ran.out.count("observer: observer(model=resnet8, epochs=2, ") == 1
