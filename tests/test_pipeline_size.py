"""size(): the bytes of a set and of its labels, from Python and from the command line."""

import importlib
from pathlib import Path

import pytest
from cli_toy import Shell, refused, tree
from labels_toy import SPEC, bright_teacher

import smallset
from smallset.pipeline import size
from smallset.records import Cost

LABEL = importlib.import_module("smallset.pipeline.label")


@pytest.fixture
def shell(shell, monkeypatch) -> Shell:
    """A shell whose folder holds a set of three images of 8 pixels, and a known teacher."""

    def load(spec: str, *, classes: tuple[str, ...], size: int) -> object:
        return bright_teacher(len(classes), spec=spec)

    monkeypatch.setattr(LABEL, "load_teacher", load)
    monkeypatch.setattr(LABEL, "check_teacher_files", lambda _: None)
    assert shell.compress(tree(Path("data")), "set", "--method", "random").code == 0
    return shell


def test_the_papers_own_labels_take_5_59_gib(shell):
    """300 epochs of 10,000 images and 1,000 classes in float16 (arXiv 2502.06434)."""
    ran = shell("size", "set", "--images", 10000, "--classes", 1000, "--format", "float16")
    assert ran.code == 0, ran
    assert "what labels would cost: 10,000 images x 300 epochs x 1,000 classes\n" in ran.out
    assert ["float16", "6,000,000,000", "5.59"] in [row.split()[:3] for row in ran.out.splitlines()]


def test_every_regime_is_counted_with_what_it_needs(shell):
    images = smallset.open_set(Path("set")).manifest.image_bytes
    assert [way.name for way in size("set").here] == ["hard"]
    ran = shell("label", "set", "--teacher", SPEC, "--epochs", 4)
    assert ran.code == 0, ran
    [folder] = Path("set.labels").iterdir()
    labels = sum(file.stat().st_size for file in folder.iterdir())
    assert (
        f"set.labels/{folder.name}: 12 labels of 3 classes, 6 bytes each, {labels:,} b" in ran.out
    )
    assert "use them with: smallset evaluate set --data DATA --labels 'stored'\n" in ran.out
    found = size("set")
    assert {way.name: way.cost for way in found.here} == {
        "hard": Cost(images),
        f"float16 by '{SPEC}', 4 epochs, view seed 0": Cost(images, labels),
        f"online by '{SPEC}'": Cost(images, 0, 1234),
    }
    assert found.raw == 3 * 4 * 3 * 8 * 8
    said = shell("size", "set").out
    assert f"\nhard: images {images:,}\n" in said
    assert f"\nonline by '{SPEC}': images {images:,} + teacher 1,234 = {images + 1234:,}\n" in said


def test_labels_are_counted_for_every_format_and_other_numbers(shell):
    found = size("set", epochs=10)
    counts = {way.name: way.cost.labels for way in found.labels}
    assert counts == {
        "float32": 3 * 10 * 12, "float16": 3 * 10 * 6, "int8": 3 * 10 * 7,
        "top(k=3)": 3 * 10 * (6 + 1 + 4),
    }  # fmt: skip
    [twice] = size("set", images=6, classes=1000, epochs=1, format="top(k=5)").labels
    [once] = size("set", classes=1000, epochs=1, format="top(k=5)").labels
    assert twice.cost == Cost(2 * once.cost.images, 2 * once.cost.labels)
    assert once.cost.labels == 3 * 24


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "--format", "float8"), "there is no format 'float8'"),
        (("set", "--format", "top(k=4)"), "top's k=4 is more than the 3 classes"),
        (("data", "--epochs", 1), "'data' has no manifest, so nothing is known of its bytes"),
        (("nowhere",), "nowhere"),
    ],
)
def test_what_cannot_be_counted_is_refused(shell, words, said):
    refused(shell("size", *words), said)


@pytest.mark.parametrize("option", ["epochs", "classes", "images"])
def test_numbers_below_one_are_refused(shell, option):
    with pytest.raises(ValueError, match=f"{option}=0 is too small"):
        size("set", **{option: 0})


def test_labels_of_whole_images_are_announced_as_such(shell):
    ran = shell("label", "set", "--teacher", SPEC, "--one-per-image")
    assert "--labels 'one-per-image'\n" in ran.out
    assert f"float16 by '{SPEC}', one per image: images" in shell("size", "set").out
