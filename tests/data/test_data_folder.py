import os

import numpy as np
import pytest

from smallset.data import open_data
from smallset.data.folder import folder_source
from smallset.data.source import Folder
from smallset.data.splits import VALIDATION

TWO = {"train/ape/1.png": 1, "train/ape/2.png": 2, "train/bee/1.png": 3, "train/bee/2.png": 4}
TEST = {"test/ape/1.png": 5, "test/bee/1.png": 6}
VAL = {"val/ape/1.png": 5, "val/bee/1.png": 6}
NO_TEST = "split of the source (it has no test split)"
UNLABELLED = "val split of the source (its test split has no labels)"
SET_IN_A_FOLDER = {
    "small/ape/1.png": 8, "small/bee/1.png": 9, "small/manifest.json": b'{"plan_sha256": 0}',
}  # fmt: skip
ODD_PARQUET = {"metadata/test_labels.parquet": b"x", ".cache/train-0.parquet": b"x"}

LONG = {"Training_Data/a/1.png": 1, "Training_Data/b/1.png": 2, "Testing_Data/a/1.png": 3}
SET = {"train_set/a/1.png": 1, "train_set/b/1.png": 2}
SEEM = r"has folders that seem to be splits and not classes: "


def renamed(files, old, new):
    return {path.replace(old, new): seed for path, seed in files.items()}


def twins(train, test):
    return {f"{split}/{c}/1.png": 7 for split in (train, test) for c in ("sea", "wood")}


def source(root, work, *chosen):
    given = Folder(str(root), *chosen) if chosen else None
    return folder_source(root, root.name, work=work, chosen=given)


def ids(rows):
    return [rows.name(row) for row in range(len(rows))]


def test_split_folders_give_sorted_classes_and_files(write_folder, work):
    found = source(write_folder(TWO | TEST), work)
    assert found.classes == ("ape", "bee")
    assert ids(found.train.rows) == ["ape/1.png", "ape/2.png", "bee/1.png", "bee/2.png"]
    assert found.train.labels().tolist() == [0, 0, 1, 1]
    assert found.held_out == "test split of the source"
    assert ids(found.test.rows) == ["ape/1.png", "bee/1.png"]
    assert found.test.rows.read(1) == (write_folder({}) / "test/bee/1.png").read_bytes()


@pytest.mark.parametrize(
    ("files", "held_out", "unused"),
    [
        ({}, "20 % of each class, chosen by content hash", ()),
        (TEST, "test split of the source", ()),
        (TEST | VAL, "test split of the source", ("val/ (for choosing only)",)),
        *((renamed(VAL, "val", name), f"{name} {NO_TEST}", ()) for name in VALIDATION),
        ({"test/1.png": 7} | VAL, UNLABELLED, ("test/ (no class folders)",)),
        ({"test/ape/notes": b"", "test/bee/notes": b""} | VAL, UNLABELLED, ("test/ (no images)",)),
        ({"test/x/1.png": 7, "test/y/1.png": 8} | VAL, UNLABELLED, ("test/ (no labels)",)),
        ({"test/x/1.png": 7} | VAL, UNLABELLED, ("test/ (no labels: its only folder is 'x')",)),
        (TEST | SET_IN_A_FOLDER, "test split of the source", ("small/ (smallset wrote it)",)),
        (TEST | ODD_PARQUET, "test split of the source", ("metadata/",)),
    ],
)
def test_the_split_that_is_held_out_and_the_rest_are_named(
    write_folder, work, files, held_out, unused
):
    found = source(write_folder(TWO | files), work)
    assert (found.held_out, found.unused) == (held_out, unused)
    assert found.classes == ("ape", "bee")
    assert (found.test.name if found.test else "20") == held_out.split()[0]


@pytest.mark.parametrize(
    ("files", "classes"),
    [
        ({"plane/1.png": 1, "train/1.png": 2}, ("plane", "train")),
        ({"test tube/1.png": 1, "train station/1.png": 2}, ("test tube", "train station")),
        ({"ape/1.png": 1, "bee/1.png": 2, "README.md": b"x", "plan.parquet": b"x"}, ("ape", "bee")),
        ({f"{c}/images/{k}.png": k for c in ("n01", "n02") for k in range(2)}, ("n01", "n02")),
    ],
    ids=["train", "words of splits", "sidecars", "one more folder"],
)
def test_class_folders_without_splits_are_classes(write_folder, work, files, classes):
    found = source(write_folder(files), work)
    assert (found.classes, found.test) == (classes, None)


@pytest.mark.parametrize(
    ("train", "test"), [("training", "testing"), ("Train", "Test"), ("TRAINING", "test")]
)
@pytest.mark.parametrize("more", [{}, {"Meta/1.png": 9}])
def test_other_spellings_of_train_and_test_are_splits_and_not_classes(
    write_folder, work, train, test, more
):
    files = renamed(TWO, "train", train) | renamed(TEST, "test", test)
    found = source(write_folder(files | more), work)
    assert found.classes == ("ape", "bee")
    assert ids(found.train.rows) == ["ape/1.png", "ape/2.png", "bee/1.png", "bee/2.png"]
    assert (found.test.name, found.held_out) == ("test", "test split of the source")
    assert found.unused == (("Meta/",) if more else ())


def test_nested_files_belong_to_their_class_and_hidden_ones_to_none(write_folder, work):
    files = {"ape/x/y/1.png": 1, "ape/0.png": 2, "bee/1.png": 3}
    hidden = {"ape/.DS_Store": b"x", ".git/a.png": 4, "bee/.cache/2.png": 5}
    found = source(write_folder(files | hidden), work)
    assert found.classes == ("ape", "bee")
    assert ids(found.train.rows) == ["ape/0.png", "ape/x/y/1.png", "bee/1.png"]


def test_odd_class_names_are_kept_as_they_are(write_folder, work):
    names = ["Cat", "cat", "chat noir", "猫", "a'b\"c", "[x]*?", "ends.", "e\u0301", "\u00e9"]
    files = {f"{name}/{k}.png": 10 * i + k for i, name in enumerate(names) for k in (1, 2)}
    data = open_data(write_folder(files), work=work)
    assert data.train.classes.names == tuple(sorted(names))
    assert len(data.train) == len(data.test) == len(names)
    label = int(data.train.labels[0])
    assert data.train.id(0).startswith(data.train.classes.names[label] + "/")


@pytest.mark.skipif(os.name != "posix", reason="file names are text here")
def test_a_file_name_that_is_no_utf_8_can_be_read_and_written_down(write_folder, work):
    root = write_folder({"ape/1.png": 1, "bee/1.png": 2})
    odd = os.fsencode(root / "ape") + b"/\xff.png"
    try:
        os.rename(root / "ape/1.png", odd)
    except OSError:
        pytest.skip("this file system takes no such name")
    rows = source(root, work).train.rows
    assert rows.name(0) == "ape/\\xff.png"
    assert rows.read(0)[:4] == b"\x89PNG"


def test_the_key_changes_with_size_time_and_name_of_a_file(write_folder, work):
    root = write_folder({"ape/1.png": 1, "bee/1.png": 2})
    keys = [source(root, work).key, source(root, work).key]
    assert keys[0] == keys[1]
    os.utime(root / "ape/1.png", ns=(1, 1))
    keys.append(source(root, work).key)
    (root / "ape/1.png").rename(root / "ape/2.png")
    keys.append(source(root, work).key)
    with (root / "ape/2.png").open("ab") as file:
        file.write(b"x")
    os.utime(root / "ape/2.png", ns=(1, 1))
    keys.append(source(root, work).key)
    assert len(set(keys)) == 4


def test_many_files_keep_their_place(write_folder, work):
    files = {f"c{i % 3}/{i:03d}.png": i for i in range(30)}
    data = open_data(write_folder(files), work=work)
    for split in (data.train, data.test):
        for i in range(len(split)):
            name = split.id(i)
            assert name.startswith(f"c{split.labels[i]}/")
            number = int(name[3:6])
            expected = np.random.default_rng(number).integers(0, 256, (7, 9, 3), np.uint8)
            assert np.array_equal(split.pixels(i), expected)


def test_the_key_changes_with_an_empty_class(write_folder, work):
    root = write_folder({"ape/1.png": 1, "cow/1.png": 2})
    before = source(root, work)
    (root / "bee").mkdir()
    after = source(root, work)
    assert before.key != after.key
    assert before.train.labels().tolist() == [0, 1]
    assert after.train.labels().tolist() == [0, 2]
    assert [ids(found.train.rows) for found in (before, after)] == [["ape/1.png", "cow/1.png"]] * 2


def test_a_listing_that_is_there_is_kept(write_folder, work, monkeypatch):
    root = write_folder(TWO)
    first = source(root, work)

    def refuse(*_: object) -> None:
        raise PermissionError("the file is mapped")  # as Windows does

    monkeypatch.setattr("smallset.data.tree.os.replace", refuse)
    assert ids(source(root, work).train.rows) == ids(first.train.rows)
    assert len(list((work / "listings").iterdir())) == 1


def test_classes_with_folders_of_the_same_name_are_classes_if_the_user_says_so(write_folder, work):
    files = {f"{c}/{where}/1.png": 1 for c in ("cat", "dog") for where in ("indoor", "outdoor")}
    root = write_folder(files)
    with pytest.raises(ValueError, match=r"or --train \. if they are classes"):
        source(root, work)
    assert source(root, work, ".").classes == ("cat", "dog")


def test_a_train_folder_beside_other_images_and_no_held_out_split_is_unclear(write_folder, work):
    root = write_folder(TWO | {"plane/1.png": 5})
    with pytest.raises(
        ValueError,
        match=r"folder 'train' with folders in it, and beside it images in 'plane'\. Needed to know"
        r".*Say --train train if it is the training split, or --train \. if all of them",
    ):
        source(root, work)
    (root / "plane/1.png").rename(root / "plane/1.txt")
    assert source(root, work).unused == ("plane/",)
    assert source(root, work, "train").unused == ("plane/",)


@pytest.mark.parametrize("name", ["manifest.json", "run.json", "selection.json", "teacher.json"])
def test_what_smallset_wrote_is_never_a_class(write_folder, work, name):
    own = b'{"plan_sha256": 1, "matrix": 1, "made_with": 1, "weights_sha256": 1}'
    ours = {"small/ape/1.png": 8, "small/bee/1.png": 9, f"small/{name}": own}
    found = source(write_folder({"ape/1.png": 1, "bee/1.png": 2} | ours), work)
    assert found.classes == ("ape", "bee")
    assert found.unused == ("small/ (smallset wrote it)",)


def test_class_names_in_another_unicode_form_are_matched(write_folder, work):
    files = {"train/caf\u00e9/1.png": 1, "train/tea/1.png": 2}
    held = {"test/cafe\u0301/1.png": 3, "test/tea/1.png": 4}
    found = source(write_folder(files | held), work)
    assert found.classes == ("caf\u00e9", "tea")
    assert found.test.labels().tolist() == [0, 1]
    assert ids(found.test.rows) == ["cafe\u0301/1.png", "tea/1.png"]


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"not JSON", b"[" * 99999])
def test_somebody_elses_json_makes_no_class_vanish(write_folder, work, content):
    root = write_folder({"ape/1.png": 1, "bee/1.png": 2, "bee/manifest.json": content})
    assert source(root, work).classes == ("ape", "bee")


UNCLEAR = [
    (TWO | {"train/lost.JPG": 9}, r"has 1 image outside any class.*'lost\.JPG'.*Move"),
    (
        {".hidden/1.png": 1, "ape/.hidden": b""},
        r"holds no images in a layout.*DATA/<class>/\*.*train-\*\.parquet",
    ),
    ({"notes.txt": b"x"}, "holds no images in a layout that is understood"),
    (TEST, r"has test/ but no train/ with class.*Add train/<class>"),
    ({"train/1.png": 1, "test/2.png": 2}, r"has test/, train/ but no train/ with class.*Add train"),
    ({"training/1.png": 1, "testing/2.png": 2}, "has testing/, training/ but no train/ with class"),
    (TWO | TEST | {"test/Bee/1.png": 3}, r"test split of 'set' differs.*unknown to train: 'Bee'\."),
    (TWO | {"test/x/1.png": 7, "test/y/1.png": 8}, r"unknown to train: 'x', 'y'; lacks: 'ape', 'b"),
    (TWO | {"test/ape/1.png": 3}, r"lacks: 'bee'.*Needed the same classes in both"),
    (
        TWO | renamed(TEST, "test", "dev"),
        r"split folder 'dev', which may be validation or test\. Needed train/<class>/\*,"
        r" with an optional test/<class>/\* or val/<class>/\*\. Rename it",
    ),
    (TWO | renamed(TEST, "test", "Eval"), "split folder 'Eval', which may be validation or test"),
    (
        TWO | renamed(TWO, "train", "training"),
        r"the split folders 'train' and 'training', both for train\. Needed",
    ),
    (
        {f"ds/{path}": seed for path, seed in (TWO | TEST).items()} | {"extra/1.png": 9},
        r"the splits in its folder 'ds'\..*Point to '.*set/ds'",
    ),
    (
        {f"{c}/{s}/1.png": ord(c) for c in "ab" for s in ("train", "test")},
        r"splits inside its folders 'a', 'b'\. .*Move the fo",
    ),
    (
        renamed(renamed(TWO | TEST, "train/", "train/train/"), "test/", "test/test/"),
        r"'train', which holds nothing but another folder.*Say --train train/train"
        r" --test test/test\.",
    ),
    (
        {f"a/{c}/1.png": 1 for c in "wxyz"} | {f"b/{c}/1.png": 2 for c in "xyz"},
        rf"{SEEM}'a', 'b'\.",
    ),
    *(
        (
            twins(train, test),
            rf"{SEEM}.* holds 'sea', 'wood'\. Needed to know which is which\. Say "
            rf"--train {train} --test {test}, or --train \. if they are classes\.",
        )
        for train, test in (
            ("seg_train/seg_train", "seg_test/seg_test"),
            ("training_set", "test_set"),
            ("images_train", "images_val"),
            ("fold1", "fold2"),
        )
    ),
    (
        SET | {"test_set/a/1.png": 3, "test_set/x.png": 4},
        rf"{SEEM}.*Say --train train_set --test test_set, or --train \. if they",
    ),
    (SET | {"test_set/1.png": 3}, rf"{SEEM}.*Say --train train_set, or --train \. if they"),
    (LONG, rf"{SEEM}.*Say --train Training_Data --test Testing_Data, or --train \. if they"),
    ({"deep/er/train.parquet": b"x"}, r"only in folders further down: 'deep'\. Needed.*Point to"),
    (
        {"ape/1.png": 1, "bee/1.png": 2, "ape/small/1.png": 8}
        | {"ape/small/manifest.json": b'{"plan_sha256": 0}'},
        r"ape/small' was written by smallset, but lies among.*Mo",
    ),
]


@pytest.mark.parametrize(("files", "said"), UNCLEAR)
def test_folders_of_unclear_meaning_are_an_error_that_says_what_to_do(
    write_folder, work, files, said
):
    with pytest.raises(ValueError, match=said):
        source(write_folder(files), work)


def test_a_link_that_leads_back_up_is_an_error(write_folder, work):
    root = write_folder({"ape/1.png": 1, "bee/1.png": 2})
    (root / "bee/loop").symlink_to(root / "bee", target_is_directory=True)
    with pytest.raises(ValueError, match=r"leads back to .*bee', a folder that holds it.*Remove"):
        source(root, work)
